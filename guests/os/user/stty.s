# stty [[-]echo] [[-]raw]: how the terminal treats what is typed. Raw, each byte is passed on as it comes.

.include "os/user/lib/program.inc"

.equ INPUT,  0                  # c_iflag, in struct termios
.equ LOCAL,  12                 # c_lflag
.equ ICRNL,  0x100
.equ ICANON_ISIG, 3
.equ ECHO,   8

.bss
.balign 8
settings: .zero 64
.text

# s0 = left, s1 = the next, s2 = 1: without a dash, s3 = the flags
main:
    addi s0, a0, -1
    addi s1, a1, 8
    li   a0, 0
    li   a1, TCGETS
    la   a2, settings
    system ioctl
    bnez a0, 8f
    lwu  s3, settings + LOCAL
    beqz s0, 6f
1:  ld   a0, 0(s1)
    lbu  t0, 0(a0)
    li   t1, '-'
    li   s2, 1
    bne  t0, t1, 2f
    li   s2, 0
    addi a0, a0, 1
2:  mv   s4, a0
    la   a1, echo_name
    call string_compare
    li   t1, ECHO
    beqz a0, 3f
    mv   a0, s4
    la   a1, raw_name
    call string_compare
    li   t1, ICANON_ISIG
    bnez a0, 9f
    xori s2, s2, 1
3:  or   s3, s3, t1
    bnez s2, 4f
    xor  s3, s3, t1
4:  addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 1b
    sw   s3, settings + LOCAL, t0
    lwu  t0, settings + INPUT
    andi t1, s3, ICANON_ISIG
    ori  t0, t0, ICRNL
    bnez t1, 5f
    xori t0, t0, ICRNL
5:  sw   t0, settings + INPUT, t1
    li   a0, 0
    li   a1, TCSETS
    la   a2, settings
    system ioctl
    bnez a0, 8f
    li   a0, 0
    j    exit
6:  andi t0, s3, ECHO
    bnez t0, 61f
    li   a0, '-'
    call out_byte
61: out  "echo "
    andi t0, s3, ICANON_ISIG
    beqz t0, 62f
    li   a0, '-'
    call out_byte
62: out  "raw\n"
    li   a0, 0
    j    exit
8:  mv   a1, a0
    la   a0, terminal_name
    call complain
    li   a0, 1
    j    exit
9:  usage "stty [[-]echo] [[-]raw]"
.rodata
echo_name: .asciz "echo"
raw_name:  .asciz "raw"
terminal_name: .asciz "standard input"
.text
