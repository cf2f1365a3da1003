# init, the first process: runs the others, waits for all, and sums up. Its end is the end of the kernel's run.
#
# s0 = processes that ended, s1 = those of them that were killed

program init
    li   s0, 0
    li   s1, 0
    say  "init: started\n"
    .irp name, greeter, heap, pointers, tree, spinner, turns, sleeper, orphans, crowd, faulty, echo
    jal  ra, init_\name
    .endr
    jal  ra, init_gather
    line_begin
    line_text "init: "
    line_number s0
    line_text " processes ended, "
    line_number s1
    line_text " of them killed\n"
    line_end
    li   a0, 0
    sys  exit

# Wait for every child, and count them.
init_gather:
    addi sp, sp, -16
1:  mv   a0, sp
    li   a1, 0
    sys  wait
    bltz a0, 2f                 # there are none
    addi s0, s0, 1
    ld   t0, 0(sp)
    bgez t0, 1b
    addi s1, s1, 1
    j    1b
2:  addi sp, sp, 16
    ret

# Start the program with each of the arguments, all at once.
.macro start name, arguments:vararg
    .irp argument, \arguments
    li   a0, PROGRAM_\name
    li   a1, \argument
    sys  spawn
    end_if_negative
    .endr
.endm

init_greeter:
    start greeter, 42
    j    init_gather

init_heap:
    start heap, 0
    j    init_gather

init_pointers:
    start pointers, 0
    j    init_gather

# Three generations; its result is the number of leaves.
init_tree:
    addi sp, sp, -16
    sd   ra, 0(sp)
    li   a0, PROGRAM_tree
    li   a1, 3
    ucall run_program
    mv   s2, a0
    addi s0, s0, 1
    line_begin
    line_text "init: a tree of depth 3 has "
    line_number s2
    line_text " leaves\n"
    line_end
    ld   ra, 0(sp)
    addi sp, sp, 16
    ret

init_spinner:
    start spinner, 5000
    j    init_gather

# Two that yield to one another after each line.
init_turns:
    start turns, 'A', 'B'
    j    init_gather

# Started in one order, heard in that of their deadlines.
init_sleeper:
    start sleeper, 3, 1, 2
    j    init_gather

# One that leaves a child behind, whose result comes to init.
init_orphans:
    start orphans, 0
    j    init_gather

init_crowd:
    start crowd, 0
    j    init_gather

# Six ways to be killed, one after another.
init_faulty:
    addi sp, sp, -16
    sd   ra, 0(sp)
    sd   s3, 8(sp)
    li   s3, 0
1:  li   a0, PROGRAM_faulty
    mv   a1, s3
    sys  spawn
    end_if_negative
    jal  ra, init_gather
    addi s3, s3, 1
    li   t0, FAULTY_WAYS
    bltu s3, t0, 1b
    ld   ra, 0(sp)
    ld   s3, 8(sp)
    addi sp, sp, 16
    ret

init_echo:
    start echo, 0
    j    init_gather
program_end init
