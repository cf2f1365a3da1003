# A read of a port, the in of Adams and Agesen.
# workload: a read of a device's port
# operation: one read of the clock's port in kernel mode
# build: plain
# missing paravirt: a paravirtual guest has no ports
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

# s0 = operations, s1 = those left, s2 = the time at first, s3 = the time read last
.globl _start
_start:
    workload_begin image_end
    mv   s1, s0
    in   s2, PORT_CLOCK
    mv   s3, s2
    j    2f
1:  in   s3, PORT_CLOCK
    addi s1, s1, -1
2:  bnez s1, 1b
    sub  t0, s3, s2             # no instruction takes less than a tick
    bltu t0, s0, workload_wrong
    j    workload_done

.bss
image_end:
