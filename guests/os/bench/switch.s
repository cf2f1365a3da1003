# Two processes that hand the processor to one another, each touching a page of its own.
# workload: a switch between two processes
# operation: one load and store, sched_yield, the kernel's choice, the switch to the other's space, and the return
# period: 2
# settling: 512

.include "os/bench/bench.inc"

# s1 = turns left of this process, s2 = its turns, s3 = the child's process number, 0 in it
work:
    fork
    bltz a0, work_wrong
    mv   s3, a0
    addi s2, s0, 1              # the first turn is the parent's
    bnez s3, 1f
    mv   s2, s0
1:  srli s2, s2, 1
    mv   s1, s2
2:  beqz s1, 3f
    ld   t0, turns
    addi t0, t0, 1
    sd   t0, turns, t1
    system sched_yield
    addi s1, s1, -1
    j    2b
3:  ld   t0, turns
    bne  t0, s2, work_wrong
    beqz s3, work_done
    mv   a0, s3
    call wait_for
    bnez a0, work_wrong
    j    work_done

.bss
.balign 8
turns: .zero 8
