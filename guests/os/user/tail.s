# tail [-n LINES] [FILE...]: the last lines, 10 unless said.

.include "os/user/lib/program.inc"
.include "os/user/lib/lines_option.inc"
.include "os/user/lib/input.inc"

.equ KEPT, 0x10000              # bytes at most of the last lines, a power of two

.bss
.balign 8
ring: .zero KEPT
.text

# s0 = lines wanted
main:
    call lines_option
    bltz a0, 9f
    mv   s0, a2
    la   a2, last_lines
    call each_input
    j    exit
9:  usage "tail [-n LINES] [FILE...]"

# s3 = bytes that have come, s4 = where in them the output begins, s5 = newlines still to be found before it
last_lines:
    save ra, s3, s4, s5
    li   s3, 0
1:  call input_byte
    bltz a0, 2f
    li   t0, KEPT - 1
    and  t0, t0, s3
    la   t1, ring
    add  t0, t0, t1
    sb   a0, 0(t0)
    addi s3, s3, 1
    j    1b
2:  mv   s4, s3
    mv   s5, s0
    beqz s0, 6f
    li   t0, KEPT
    li   t3, 0                  # t3 = the first byte that is kept
    bleu s3, t0, 3f
    sub  t3, s3, t0
3:  beq  s4, t3, 5f
    addi t0, s4, -1
    li   t1, KEPT - 1
    and  t1, t1, t0
    la   t2, ring
    add  t1, t1, t2
    lbu  t1, 0(t1)
    li   t2, '\n'
    bne  t1, t2, 4f
    beq  s4, s3, 4f             # the last line's own end
    addi s5, s5, -1
    beqz s5, 5f
4:  addi s4, s4, -1
    j    3b
5:  beq  s4, s3, 6f
    li   t0, KEPT - 1
    and  t0, t0, s4
    la   t1, ring
    add  t0, t0, t1
    lbu  a0, 0(t0)
    call out_byte
    addi s4, s4, 1
    j    5b
6:  restore ra, s3, s4, s5
    ret
