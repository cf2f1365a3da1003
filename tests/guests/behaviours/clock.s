# The clock moves with time, a nanosecond a tick.
# build: plain
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    in   t1, PORT_CLOCK
    crr  t2, CR_TIME
    in   t3, PORT_CLOCK
    sub  t3, t3, t1
    check t3, 2
    sub  t1, t1, t2
    addi t1, t1, 1
    li   t0, 1000000000000000000
    sub  t1, t1, t0
    check t1, 0                 # the default base
    done
.bss
image_end:
