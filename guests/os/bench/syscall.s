# A system call that has nothing to do, again and again.
# workload: a null system call of the operating system
# operation: one getppid: the call, the kernel's way in and out, and the loop around it

.include "os/bench/bench.inc"

# s1 = those left, s2 = what each is to answer
work:
    system getppid
    mv   s2, a0
    mv   s1, s0
1:  beqz s1, 2f
    system getppid
    addi s1, s1, -1
    j    1b
2:  bne  a0, s2, work_wrong
    j    work_done
