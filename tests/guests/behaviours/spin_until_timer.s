# A jump to itself with interrupts on ends with the timer's interrupt.
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    li   t0, IRQ_TIMER
    cr_write IMASK, t0
    time_read a0
    addi a0, a0, 3000
    timer_set
    li   s8, 0
    la   s11, after
    interrupts_on
forever:
    j    forever
after:
    check s8, CAUSE_TIMER
    la   t0, forever
    bne  s10, t0, failed
    done
.bss
image_end:
