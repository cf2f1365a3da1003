# An interrupt that came while interrupts were off is taken as soon as they are on.
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    li   t0, IRQ_TIMER
    cr_write IMASK, t0
    li   a0, 0                  # due since ever
    timer_set
    li   s8, 0
    la   s11, after
    nop
    check s8, 0
    interrupts_on
    j    failed
after:
    check s8, CAUSE_TIMER
    check s9, 0
    done
.bss
image_end:
