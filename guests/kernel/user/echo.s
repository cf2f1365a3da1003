# echo: repeats each line of the console's input, until its end.

.equ ECHO_SIZE, 128

program echo
    addi sp, sp, -ECHO_SIZE
1:  li   a0, 0
    mv   a1, sp
    li   a2, ECHO_SIZE
    sys  read
    blez a0, 2f
    mv   s0, a0
    say  "echo: "
    mv   a2, s0
    mv   a1, sp
    li   a0, 1
    sys  write
    j    1b
2:  say  "echo: the input has ended\n"
    li   a0, 0
    sys  exit
program_end echo
