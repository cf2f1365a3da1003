# fork, exit and wait4: a child has its parent's memory and registers, but not for good.
.include "checking.inc"
begin
    system getpid
    expect a0, 1, "init's id"
    li   t0, 42
    sd   t0, 0(sp)
    li   s5, 77
    fork
    bnez a0, 1f
    expect s5, 77, "a child's register"
    ld   t1, 0(sp)
    expect t1, 42, "a child's memory"
    sd   zero, 0(sp)
    system getppid
    expect a0, 1, "a child's parent"
    addi a0, s11, 3
    system exit
1:  expect a0, 2, "the first child's id"
    wait_for a0
    expect a0, 2, "wait4"
    expect t1, 3 << 8, "the child's status"
    ld   t1, 0(sp)
    expect t1, 42, "memory that a child has written to"
    wait_any
    expect a0, -ECHILD, "wait4 without children"

    fork                        # a child that has ended, and its usage
    beqz a0, 9f
    mv   s0, a0
    nap  1000000
    mv   a0, s0
    li   a1, 0
    li   a2, WNOHANG
    addi a3, sp, 256
    system wait4
    expect_same a0, s0, "wait4 of a zombie"

    fork                        # one that has not
    beqz a0, 8f
    mv   s0, a0
    li   a1, 0
    li   a2, WNOHANG
    li   a3, 0
    system wait4
    expect a0, 0, "wait4 that does not hang"
    li   a0, -1
    li   a1, 1                  # nothing is there
    li   a2, 0
    li   a3, 0
    system wait4
    expect a0, -EFAULT, "wait4 with a bad pointer"
    wait_for s0
    expect_same a0, s0, "wait4 after a bad pointer"

    fork                        # a grandchild that outlives its parent comes to init
    bnez a0, 4f
    fork
    bnez a0, 9f
    nap  1000000
    system getppid
    system exit
4:  mv   s0, a0
    wait_for s0
    expect_same a0, s0, "the parent"
    wait_any
    expect t1, 1 << 8, "the orphan's status: its parent's id"

    li   s1, 0                  # as many as there can be, and their end
5:  fork
    beqz a0, 7f
    bltz a0, 6f
    addi s1, s1, 1
    j    5b
6:  expect a0, -EAGAIN, "fork where there are no records left"
    expect s1, 318, "children at once"
    li   a0, -1
    li   a1, SIGKILL
    system kill
    expect a0, 0, "kill of all"
6:  wait_any
    bltz a0, 6f
    expect t1, SIGKILL, "a killed child's status"
    addi s1, s1, -1
    j    6b
6:  expect s1, 0, "children that were not waited for"
    finish
7:  nap  1000000000000
8:  nap  1000000
9:  li   a0, 0
    system exit
