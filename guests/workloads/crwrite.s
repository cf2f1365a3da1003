# A write of the interrupt mask, the cr8wr of Adams and Agesen.
# workload: a write of a control register
# operation: one write of imask in kernel mode; a store in the shared page of a paravirtual guest
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

# s0 = operations, s1 = those done, written to the mask
.globl _start
_start:
    workload_begin image_end
    cr_write IMASK, zero
    li   s1, 0
    j    2f
1:  addi s1, s1, 1
    cr_write IMASK, s1
2:  bne  s1, s0, 1b
    cr_read t0, IMASK
    bne  t0, s0, workload_wrong
    j    workload_done

.bss
image_end:
