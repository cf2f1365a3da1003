# head [-n LINES] [FILE...]: the first lines, 10 unless said.

.include "os/user/lib/program.inc"
.include "os/user/lib/lines_option.inc"
.include "os/user/lib/input.inc"

# s0 = lines wanted
main:
    call lines_option
    bltz a0, 9f
    mv   s0, a2
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
