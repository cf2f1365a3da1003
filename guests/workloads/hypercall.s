# The hypercall that does nothing but answer.
# workload: a null hypercall
# operation: one hypercall for the interface's version, from kernel mode
# build: paravirt
# missing bare: there is no monitor to ask
# missing plain: the monitor offers no hypercalls to an unmodified guest
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

# s0 = operations, s1 = those left
.globl _start
_start:
    workload_begin image_end
    mv   s1, s0
    j    2f
1:  li   a0, 0
    hcall HC_VERSION
    addi s1, s1, -1
2:  bnez s1, 1b
    beqz s0, workload_done
    srli a0, a0, 16             # the interface's major version
    li   t0, 1
    bne  a0, t0, workload_wrong
    j    workload_done

.bss
image_end:
