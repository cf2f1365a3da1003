# cmp FILE FILE: are they the same? Status 0; 1 where they differ, with the first place that does; 2 for trouble.

.include "os/user/lib/program.inc"

.equ CMP_ROOM, 4096

.bss
.balign 8
buffers: .zero 2 * CMP_ROOM
filled:  .zero 16               # bytes in each, and how many of them were looked at
looked:  .zero 16
.text

# s0, s1 = the descriptors, s2 = the names, s3 = bytes that are the same, s4 = the first's next byte, or -1
main:
    li   t0, 3
    bne  a0, t0, 9f
    addi s2, a1, 8
    ld   a0, 0(s2)
    li   a1, O_RDONLY
    open
    bltz a0, 7f
    mv   s0, a0
    addi s2, s2, 8
    ld   a0, 0(s2)
    li   a1, O_RDONLY
    open
    bltz a0, 7f
    mv   s1, a0
    addi s2, s2, -8
    li   s3, 0
1:  mv   a0, s0
    li   a1, 0
    call next_byte
    mv   s4, a0
    mv   a0, s1
    li   a1, 1
    call next_byte
    bne  a0, s4, 2f
    addi s3, s3, 1
    bgez a0, 1b
    li   a0, 0
    j    exit
2:  ld   a0, 0(s2)
    call out_string
    li   a0, ' '
    call out_byte
    ld   a0, 8(s2)
    call out_string
    out  " differ at byte "
    addi a0, s3, 1
    call out_number
    li   a0, '\n'
    call out_byte
    li   a0, 1
    j    exit
7:  mv   a1, a0
    ld   a0, 0(s2)
    call complain
    li   a0, 2
    j    exit
9:  usage "cmp FILE FILE"

# a0 = the next byte of the descriptor a0, the first or second as a1 is 0 or 1; -1 at its end. s5 = the descriptor, s6 = 8 * a1
next_byte:
    save ra, s5, s6, s7
    mv   s5, a0
    slli s6, a1, 3
    slli s7, a1, 12             # CMP_ROOM
1:  la   t0, filled
    add  t0, t0, s6
    ld   t1, 0(t0)
    la   t2, looked
    add  t2, t2, s6
    ld   t3, 0(t2)
    beq  t1, t3, 2f
    addi t4, t3, 1
    sd   t4, 0(t2)
    la   t0, buffers
    add  t0, t0, s7
    add  t0, t0, t3
    lbu  a0, 0(t0)
    j    9f
2:  sd   zero, 0(t0)
    sd   zero, 0(t2)
    mv   a0, s5
    la   a1, buffers
    add  a1, a1, s7
    li   a2, CMP_ROOM
    system read
    bltz a0, 3f
    la   t0, filled
    add  t0, t0, s6
    sd   a0, 0(t0)
    bnez a0, 1b
    li   a0, -1
9:  restore ra, s5, s6, s7
    ret
3:  mv   a1, a0
    add  t0, s2, s6
    ld   a0, 0(t0)
    call complain
    li   a0, 2
    j    exit
