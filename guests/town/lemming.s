# Walks to the cliff, a step a second, and over: from there it cannot go on. The end of its input makes it run.
# stop: fault

.include "platform.inc"
.include "lib/print.inc"
.include "second.inc"

.ifndef STEPS
.equ STEPS, 10
.endif
.equ OVER, -16                  # nothing is there

# s0 = steps left
.text
.globl _start
_start:
    platform_begin
    la   sp, stack_end
    li   s0, STEPS
1:  mv   a0, s0
    call print_number
    print " steps to the cliff\n"
    wait_a_second 2f
    addi s0, s0, -1
    bnez s0, 1b
2:  print "and over it\n"
    li   t0, OVER
    jr   t0

.bss
.balign 16
stack: .zero 1024
stack_end:
