# kill [-SIGNAL] PROCESS...: send a signal, TERM unless said, by its number or name; to a group by a negative number.

.include "os/user/lib/program.inc"

# s0 = left, s1 = the next, s2 = the signal, s3 = status
main:
    addi s0, a0, -1
    addi s1, a1, 8
    li   s2, SIGTERM
    li   s3, 0
    blez s0, 9f
    ld   a0, 0(s1)
    lbu  t0, 0(a0)
    li   t1, '-'
    bne  t0, t1, 1f
    addi a0, a0, 1
    call signal_number
    bltz a0, 9f
    mv   s2, a0
    addi s0, s0, -1
    addi s1, s1, 8
    beqz s0, 9f
1:  ld   a0, 0(s1)
    lbu  t0, 0(a0)
    addi t0, t0, -'-'
    seqz s4, t0
    add  a0, a0, s4
    call string_number
    bnez a1, 9f
    beqz s4, 2f
    neg  a0, a0
2:  mv   a1, s2
    system kill
    beqz a0, 3f
    mv   a1, a0
    ld   a0, 0(s1)
    call complain
    li   s3, 1
3:  addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 1b
    mv   a0, s3
    j    exit
9:  usage "kill [-SIGNAL] PROCESS..., the signal one of HUP INT QUIT KILL USR1 USR2 TERM CONT STOP TSTP or a number"

# a0 = the signal that the string at a0 names, or -1. s4 = the string, s5 = a row
signal_number:
    save ra, s4, s5
    mv   s4, a0
    call string_number
    beqz a1, 9f
    la   s5, signal_names
1:  lbu  t0, 0(s5)
    li   a0, -1
    beqz t0, 9f
    mv   a0, s4
    addi a1, s5, 1
    call string_compare
    beqz a0, 2f
    addi s5, s5, 8
    j    1b
2:  lbu  a0, 0(s5)
9:  restore ra, s4, s5
    ret
.macro signal_row name
    .balign 8
    .byte SIG\name
    .asciz "\name"
.endm
.rodata
.balign 8
signal_names:
    .irp name, HUP, INT, QUIT, KILL, USR1, USR2, TERM, CONT, STOP, TSTP
    signal_row \name
    .endr
    .balign 8
    .byte 0
.text
