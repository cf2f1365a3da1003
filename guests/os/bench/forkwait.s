# A process that makes a copy of itself and waits for its end, again and again, as a shell does.
# workload: fork, exit and wait4
# operation: a process copied on write, a page copied in parent and child, the child's exit, the parent's wait
# settling: 768

.include "os/bench/bench.inc"

# s1 = children so far, s2 = the last one's process number
work:
    li   s1, 0
1:  beq  s1, s0, work_done
    fork
    bltz a0, work_wrong
    beqz a0, child
    mv   s2, a0
    addi s1, s1, 1
    sd   s1, number, t0
    mv   a0, s2
    call wait_for
    addi t0, s1, -1             # the child was made before it was counted
    slli t0, t0, 1
    andi t0, t0, 0xff
    beq  a0, t0, 1b
    j    work_wrong

# The number of the child stands in the page that it has from its parent; it answers with its double.
child:
    ld   a0, number
    slli a0, a0, 1
    sd   a0, number, t0
    andi a0, a0, 0xff
    system exit_group

.data
.balign 8
number: .dword 0
