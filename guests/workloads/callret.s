# A call of a function that does nothing but count, and its return.
# workload: a call and a return
# operation: one call, an addition and the return, in kernel mode
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

# s0 = operations, s1 = those left, s2 = calls that the function has counted
.globl _start
_start:
    workload_begin image_end
    mv   s1, s0
    li   s2, 0
    j    2f
1:  jal  ra, count
    addi s1, s1, -1
2:  bnez s1, 1b
    bne  s2, s0, workload_wrong
    j    workload_done

count:
    addi s2, s2, 1
    ret

.bss
image_end:
