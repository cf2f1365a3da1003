# head [-n LINES] [FILE...]: the first lines, 10 unless said.

.include "os/user/lib/program.inc"
.include "os/user/lib/input.inc"

# s0 = lines wanted, s1 = arguments, s2 = where they are
main:
    li   s0, 10
    addi s1, a0, -1
    addi s2, a1, 8
    beqz s1, 3f
    ld   a0, 0(s2)
    lbu  t0, 0(a0)
    li   t1, '-'
    bne  t0, t1, 3f
    addi a0, a0, 1
    lbu  t0, 0(a0)
    li   t1, 'n'
    bne  t0, t1, 2f             # -5 is as good as -n 5
    addi a0, a0, 1
    lbu  t0, 0(a0)
    bnez t0, 2f
    addi s1, s1, -1
    addi s2, s2, 8
    beqz s1, 9f
    ld   a0, 0(s2)
2:  call string_number
    bnez a1, 9f
    mv   s0, a0
    addi s1, s1, -1
    addi s2, s2, 8
3:  mv   a0, s1
    mv   a1, s2
    la   a2, first_lines
    call each_input
    j    exit
9:  usage "head [-n LINES] [FILE...]"

# s3 = lines left
first_lines:
    save ra, s3
    mv   s3, s0
1:  beqz s3, 2f
    call input_byte
    bltz a0, 2f
    li   t0, '\n'
    bne  a0, t0, 3f
    addi s3, s3, -1
3:  call out_byte
    j    1b
2:  restore ra, s3
    ret
