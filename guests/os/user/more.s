# more [FILE...]: what is in files, or comes through a pipe, a screen at a time: space for the next one, Enter for a line, q to end.

.include "os/user/lib/program.inc"
.include "os/user/lib/input.inc"
.include "os/user/lib/raw_terminal.inc"

.bss
.balign 8
window:   .zero 8               # struct winsize
keys:     .zero 8               # the terminal, for what is pressed
key:      .zero 8
.text

# s0 = rows that are to come before a key is waited for, -1: nobody sits there; s1 = columns of the row so far, s2 = of a whole one
main:
    addi s3, a0, -1
    addi s4, a1, 8
    li   s0, -1
    li   s1, 0
    li   s2, 80
    li   a0, 1
    li   a1, TIOCGWINSZ
    la   a2, window
    system ioctl
    bnez a0, 1f
    la   a0, terminal
    li   a1, O_RDWR
    open
    bltz a0, 1f
    sd   a0, keys, t0
    call settings_find
    bnez a0, 1f
    lhu  s2, window + 2
    lhu  s0, window
    addi s0, s0, -1             # the last one asks
1:  mv   a0, s3
    mv   a1, s4
    la   a2, pages
    call each_input
    j    exit
.rodata
terminal: .asciz "/dev/tty"
.text

pages:
    save ra, s3
1:  call input_byte
    bltz a0, 9f
    mv   s3, a0
    bnez s0, 2f
    call ask
2:  mv   a0, s3
    call out_byte
    li   t0, '\n'
    beq  s3, t0, 3f
    srli t0, s3, 6
    addi t0, t0, -2             # 0x80 to 0xbf: not the first byte of a letter
    beqz t0, 1b
    addi s1, s1, 1
    bne  s1, s2, 1b
3:  li   s1, 0
    addi s0, s0, -1
    j    1b
9:  restore ra, s3
    ret

# A screen is full: s0 = how many rows may come now. Ends the program where that is asked for.
ask:
    save ra
    out  "\033[7m more \033[m"
    call out_flush
    ld   a0, keys
    la   a2, raw
    call settings_set
    ld   a0, keys
    la   a1, key
    li   a2, 1
    system read
    sd   a0, 8(sp)
    ld   a0, keys
    la   a2, settings
    call settings_set
    out  "\r\033[K"
    ld   t0, 8(sp)
    blez t0, 8f
    lbu  t0, key
    li   t1, 'q'
    beq  t0, t1, 8f
    lhu  s0, window
    addi s0, s0, -1
    li   t1, '\r'
    beq  t0, t1, 2f
    li   t1, '\n'
    bne  t0, t1, 3f
2:  li   s0, 1
3:  restore ra
    ret
8:  li   a0, 0
    j    exit
