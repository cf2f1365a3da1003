# tree: with argument 0 a leaf, whose result is 1; otherwise has two children of one less, and their sum as result.

program tree
    bnez a0, 1f
    li   a0, 1
    sys  exit
1:  addi sp, sp, -16
    addi s0, a0, -1
    .rept 2
    li   a0, PROGRAM_tree
    mv   a1, s0
    sys  spawn
    end_if_negative
    .endr
    li   s1, 0
    .rept 2
    mv   a0, sp
    li   a1, 0
    sys  wait
    end_if_negative
    ld   t0, 0(sp)
    add  s1, s1, t0
    .endr
    mv   a0, s1
    sys  exit
program_end tree
