# hexdump [FILE...]: bytes in hexadecimal, 16 a line, and as letters.

.include "os/user/lib/program.inc"
.include "os/user/lib/input.inc"

main:
    addi a0, a0, -1
    addi a1, a1, 8
    la   a2, dump
    call each_input
    j    exit

# s3 = offset, s4 = bytes of this line, s5 = one of them
dump:
    save ra, s3, s4, s5
    li   s3, 0
1:  li   s4, 0
2:  call input_byte
    bltz a0, 3f
    la   t0, row
    add  t0, t0, s4
    sb   a0, 0(t0)
    addi s4, s4, 1
    li   t0, 16
    bne  s4, t0, 2b
3:  beqz s4, 9f
    mv   a0, s3
    li   a1, 8
    call hex
    li   s5, 0
4:  li   a0, ' '
    call out_byte
    andi t0, s5, 7
    bnez t0, 41f
    li   a0, ' '
    call out_byte
41: bgeu s5, s4, 5f
    la   t0, row
    add  t0, t0, s5
    lbu  a0, 0(t0)
    li   a1, 2
    call hex
    j    51f
5:  out  "  "
51: addi s5, s5, 1
    li   t0, 16
    bne  s5, t0, 4b
    out  "  |"
    li   s5, 0
6:  la   t0, row
    add  t0, t0, s5
    lbu  a0, 0(t0)
    addi t0, a0, -' '
    li   t1, 95
    bltu t0, t1, 7f
    li   a0, '.'
7:  call out_byte
    addi s5, s5, 1
    bne  s5, s4, 6b
    out  "|\n"
    add  s3, s3, s4
    li   t0, 16
    beq  s4, t0, 1b
9:  restore ra, s3, s4, s5
    ret

# Print a1 digits of a0. s3 = the number, s4 = digits left
hex:
    save ra, s3, s4
    mv   s3, a0
    mv   s4, a1
1:  addi s4, s4, -1
    slli t0, s4, 2
    srl  a0, s3, t0
    andi a0, a0, 15
    li   t0, 10
    bltu a0, t0, 2f
    addi a0, a0, 'a' - '0' - 10
2:  addi a0, a0, '0'
    call out_byte
    bnez s4, 1b
    restore ra, s3, s4
    ret
.bss
row: .zero 16
.text
