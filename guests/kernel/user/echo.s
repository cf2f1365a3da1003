# echo: repeats each line of the console's input, until its end. Where a line comes in parts, because somebody types it,
# each part is shown as it comes, and backspace takes a letter back.
#
# s0 = bytes of the line so far, s1 = those of them that came last

.equ ECHO_SIZE, 128

program echo
    addi sp, sp, -ECHO_SIZE
1:  li   s0, 0
2:  add  a1, sp, s0
    li   a2, ECHO_SIZE
    sub  a2, a2, s0
    li   a0, 0
    sys  read
    blez a0, 6f
    mv   s1, a0
    add  s0, s0, a0
    add  t0, sp, s0
    lbu  t0, -1(t0)
    li   t1, '\n'
    beq  t0, t1, 4f
    li   t1, ECHO_SIZE
    beq  s0, t1, 5f
    li   t1, 0x7f
    beq  t0, t1, 3f
    jal  ra, echo_part
    j    2b
3:  sub  s0, s0, s1             # backspace
    beqz s0, 2b
    addi s0, s0, -1
    say  "\b \b"
    j    2b
4:  beq  s0, s1, 5f             # the whole line came at once
    jal  ra, echo_part
5:  jal  ra, echo_line
    j    1b
6:  beqz s0, 7f                 # a last line without an end
    say  "\n"
    jal  ra, echo_line
    say  "\n"
7:  say  "echo: the input has ended\n"
    li   a0, 0
    sys  exit

echo_line:
    say  "echo: "
    mv   a2, s0
    mv   a1, sp
    li   a0, 1
    sys  write
    ret

# Write what came last.
echo_part:
    sub  a1, s0, s1
    add  a1, a1, sp
    mv   a2, s1
    li   a0, 1
    sys  write
    ret
program_end echo
