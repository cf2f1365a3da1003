# Five timer interrupts, each a while after the one before, while the kernel does nothing but count in between.
# exit: 0

.include "platform.inc"

.equ PERIOD, 2000               # ticks

# s0 = interrupts so far, s1 = time of the last
.globl _start
_start:
    platform_begin
    trap_vector on_trap
    li   t0, IRQ_TIMER
    cr_write IMASK, t0
    li   s0, 0
    time_read s1
    addi a0, s1, PERIOD
    timer_set
    interrupts_on
1:  addi s2, s2, 1
    li   t0, 5
    bltu s0, t0, 1b
    li   a0, 0
    power_off

# Entered from the loop above. Its t0 may be lost: then it only looks once more.
on_trap:
    cr_read t1, CAUSE
    li   t2, CAUSE_TIMER
    bne  t1, t2, wrong
    time_read t1
    addi s1, s1, PERIOD
    bltu t1, s1, wrong
    mv   s1, t1
    addi a0, s1, PERIOD
    timer_set
    addi s0, s0, 1
    trap_return

wrong:
    li   a0, 1
    power_off
