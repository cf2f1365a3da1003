# sleep SECONDS: wait; a fraction may follow a dot.

.include "os/user/lib/program.inc"

# s0 = seconds, s1 = the fraction's digits
main:
    li   t0, 2
    bne  a0, t0, 9f
    ld   s2, 8(a1)
    mv   a0, s2
    li   a1, '.'
    call string_find
    li   s1, 0
    beqz a0, 1f
    sb   zero, 0(a0)
    addi a0, a0, 1
    call nanoseconds
    bltz a0, 9f
    mv   s1, a0
1:  mv   a0, s2
    call string_number
    bnez a1, 9f
    la   t0, how_long
    sd   a0, 0(t0)
    sd   s1, 8(t0)
    mv   a0, t0
    li   a1, 0
    system nanosleep
    li   a0, 0
    j    exit
9:  usage "sleep SECONDS"

# a0 = the digits at a0 as a fraction of a second, in nanoseconds; or -1.
nanoseconds:
    mv   t0, a0
    li   a0, 0
    li   t1, 100000000
    li   t2, 10
1:  lbu  t3, 0(t0)
    beqz t3, 2f
    addi t3, t3, -'0'
    bgeu t3, t2, 3f
    mul  t3, t3, t1
    add  a0, a0, t3
    divu t1, t1, t2
    addi t0, t0, 1
    j    1b
3:  li   a0, -1
2:  ret
.bss
.balign 8
how_long: .zero TIMESPEC_SIZE
.text
