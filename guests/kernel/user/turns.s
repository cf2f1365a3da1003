# turns: three lines, each signed with the argument, a letter; yields after each. Two of them alternate: a line takes
# much less than a quantum, which begins anew with each turn.

program turns
    mv   s0, a0
    li   s1, 1
1:  line_begin
    line_text "turns: "
    sb   s0, 0(s11)
    addi s11, s11, 1
    line_text " "
    line_number s1
    line_text "\n"
    line_end
    sys  yield
    addi s1, s1, 1
    li   t0, 3
    bleu s1, t0, 1b
    li   a0, 0
    sys  exit
program_end turns
