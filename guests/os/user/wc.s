# wc [-clw] [FILE...]: count bytes, lines and words.

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"
.include "os/user/lib/input.inc"

# s0 = options, s1..s3 = lines, words and bytes in all, s4 = files counted
main:
    la   a2, letters
    call options_take
    bltz a0, 9f
    mv   s0, a2
    bnez s0, 1f
    li   s0, 7
1:  li   s1, 0
    li   s2, 0
    li   s3, 0
    li   s4, 0
    la   a2, count
    call each_input
    mv   s5, a0
    li   t0, 2
    bltu s4, t0, 2f
    mv   a0, s1
    mv   a1, s2
    mv   a2, s3
    la   a3, total
    call counts_print
2:  mv   a0, s5
    j    exit
9:  usage "wc [-clw] [FILE...]"
.rodata
letters: .asciz "clw"
total:   .asciz "total"
.text

# s5 = lines, s6 = words, s7 = bytes, s8 = 1 within a word, s9 = the name
count:
    save ra, s5, s6, s7, s8, s9
    mv   s9, a0
    li   s5, 0
    li   s6, 0
    li   s7, 0
    li   s8, 0
1:  call input_byte
    bltz a0, 5f
    addi s7, s7, 1
    li   t0, '\n'
    bne  a0, t0, 2f
    addi s5, s5, 1
2:  li   t0, ' '
    beq  a0, t0, 3f
    addi t1, a0, -'\t'          # tab, line feed ... carriage return
    li   t0, 5
    bltu t1, t0, 3f
    bnez s8, 1b
    addi s6, s6, 1
    li   s8, 1
    j    1b
3:  li   s8, 0
    j    1b
5:  mv   a0, s5
    mv   a1, s6
    mv   a2, s7
    mv   a3, s9
    la   t0, standard_input
    bne  a3, t0, 6f
    li   a3, 0
6:  call counts_print
    add  s1, s1, s5
    add  s2, s2, s6
    add  s3, s3, s7
    addi s4, s4, 1
    restore ra, s5, s6, s7, s8, s9
    ret

# Print lines a0, words a1, bytes a2 as the options say, and the name a3, unless it is 0. s5, s6, s7
counts_print:
    save ra, s5, s6, s7
    mv   s5, a1
    mv   s6, a2
    mv   s7, a3
    andi t0, s0, 2
    beqz t0, 1f
    li   a1, 7
    call out_padded
1:  andi t0, s0, 4
    beqz t0, 2f
    mv   a0, s5
    li   a1, 8
    call out_padded
2:  andi t0, s0, 1
    beqz t0, 3f
    mv   a0, s6
    li   a1, 8
    call out_padded
3:  beqz s7, 4f
    li   a0, ' '
    call out_byte
    mv   a0, s7
    call out_string
4:  li   a0, '\n'
    call out_byte
    restore ra, s5, s6, s7
    ret
