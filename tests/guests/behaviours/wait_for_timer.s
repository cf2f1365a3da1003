# A wait ends at the timer though interrupts are off, takes none, and time has passed.
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    li   t0, IRQ_TIMER
    cr_write IMASK, t0
    time_read s0
    li   t0, 1000000
    add  a0, s0, t0
    mv   s1, a0
    timer_set
    li   s8, 0
    wait_event
    check s8, 0
    time_read s2
    addi gp, gp, 1
    bltu s2, s1, failed
    sub  s2, s2, s1
    addi gp, gp, 1
    li   t0, 100                # and not much longer
    bgtu s2, t0, failed
    cr_read t1, IPEND
    andi t1, t1, IRQ_TIMER
    check t1, IRQ_TIMER
    wait_event                  # nothing to wait for now
    done
.bss
image_end:
