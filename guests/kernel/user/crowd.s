# crowd: starts children until the table of processes is full, then waits for all of them. Each is a leaf of a tree.

program crowd
    li   s0, 0
1:  li   a0, PROGRAM_tree
    li   a1, 0
    sys  spawn
    bltz a0, 2f
    addi s0, s0, 1
    j    1b
2:  li   t0, -EAGAIN
    bne  a0, t0, 4f
    mv   s1, s0
3:  li   a0, 0
    li   a1, 0
    sys  wait
    end_if_negative
    addi s1, s1, -1
    bnez s1, 3b
    line_begin
    line_text "crowd: "
    line_number s0
    line_text " children at once, and no more\n"
    line_end
    li   a0, 0
    sys  exit
4:  say  "crowd: memory ended before the table did\n"
    li   a0, 1
    sys  exit
program_end crowd
