# An interrupt that imask leaves out is pending and not taken.
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    cr_write IMASK, zero
    li   a0, 0
    timer_set
    li   s8, 0
    la   s11, failed
    interrupts_on
    nop
    interrupts_off
    check s8, 0
    cr_read t1, IPEND
    andi t1, t1, IRQ_TIMER
    check t1, IRQ_TIMER
    done
.bss
image_end:
