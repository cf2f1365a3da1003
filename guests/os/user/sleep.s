# sleep SECONDS: wait; a fraction may follow a dot.

.include "os/user/lib/program.inc"
.include "os/user/lib/seconds.inc"

main:
    li   t0, 2
    bne  a0, t0, 9f
    ld   a0, 8(a1)
    call seconds_read
    bltz a0, 9f
    li   t0, 1000000000
    la   t1, how_long
    divu t2, a0, t0
    sd   t2, 0(t1)
    remu t2, a0, t0
    sd   t2, 8(t1)
    mv   a0, t1
    li   a1, 0
    system nanosleep
    li   a0, 0
    j    exit
9:  usage "sleep SECONDS"
.bss
.balign 8
how_long: .zero TIMESPEC_SIZE
.text
