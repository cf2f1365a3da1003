# grep [-cilnqv] PATTERN [FILE...]: lines that have a match.
#
#   .  any letter   [a-z] [^a-z]  one of these   *  the one before, any number of times   ^ $  the line's begin and end   \c  c itself
#   -c  their number alone   -i  capital or not   -n  with line numbers   -v  lines without a match   -l  the files' names alone
#   -q  nothing: whether there is one, which the status says

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"
.include "os/user/lib/input.inc"

.equ COUNT,   1
.equ IGNORE,  2
.equ NUMBER,  4
.equ INVERT,  8
.equ QUIET,   16
.equ NAMES,   32
.equ LINE_ROOM, 4096

.bss
.balign 8
text: .zero LINE_ROOM + 1
.text

# s0 = the pattern, s1 = options, s2 = lines that matched in all, s3 = 1: lines are named
main:
    la   a2, letters
    call options_take
    blez a0, 9f
    mv   s1, a2
    ld   s0, 0(a1)
    addi a0, a0, -1
    addi a1, a1, 8
    li   t0, 1
    sgt  s3, a0, t0
    li   s2, 0
    la   a2, search
    call each_input
    li   t0, 2
    bnez a0, 8f
    seqz t0, s2
8:  mv   a0, t0
    j    exit
9:  usage "grep [-cilnqv] PATTERN [FILE...]"
.rodata
letters: .asciz "cinvql"
.text

# s4 = the name, s5 = the line's number, s6 = matches, s7 = its length, s8 = 1 at the end
search:
    save ra, s4, s5, s6, s7, s8
    mv   s4, a0
    li   s5, 0
    li   s6, 0
    li   s8, 0
1:  bnez s8, 6f
    li   s7, 0
2:  call input_byte
    bltz a0, 3f
    li   t0, '\n'
    beq  a0, t0, 4f
    li   t0, LINE_ROOM
    beq  s7, t0, 2b             # what is longer is not looked at
    la   t0, text
    add  t0, t0, s7
    sb   a0, 0(t0)
    addi s7, s7, 1
    j    2b
3:  li   s8, 1
    beqz s7, 6f
4:  la   t0, text
    add  t0, t0, s7
    sb   zero, 0(t0)
    addi s5, s5, 1
    call line_matches
    srli t0, s1, 3              # INVERT
    andi t0, t0, 1
    beq  a0, t0, 1b
    addi s6, s6, 1
    andi t0, s1, QUIET
    beqz t0, 41f
    li   a0, 0
    j    exit
41: andi t0, s1, NAMES
    beqz t0, 42f
    mv   a0, s4
    call out_string
    li   a0, '\n'
    call out_byte
    add  s2, s2, s6
    j    7f
42: andi t0, s1, COUNT
    bnez t0, 1b
    call name_print
    andi t0, s1, NUMBER
    beqz t0, 5f
    mv   a0, s5
    call out_number
    li   a0, ':'
    call out_byte
5:  la   a0, text
    mv   a1, s7
    call out_bytes
    li   a0, '\n'
    call out_byte
    j    1b
6:  add  s2, s2, s6
    andi t0, s1, COUNT
    beqz t0, 7f
    call name_print
    mv   a0, s6
    call out_number
    li   a0, '\n'
    call out_byte
7:  restore ra, s4, s5, s6, s7, s8
    ret

name_print:
    beqz s3, 1f
    save ra
    mv   a0, s4
    call out_string
    li   a0, ':'
    call out_byte
    restore ra
1:  ret

# a0 = 1 if the text has a match. s7 = where one is tried
line_matches:
    save ra, s7
    la   s7, text
    lbu  t0, 0(s0)
    li   t1, '^'
    bne  t0, t1, 1f
    addi a0, s0, 1
    mv   a1, s7
    call match_here
    j    3f
1:  mv   a0, s0
    mv   a1, s7
    call match_here
    bnez a0, 3f
    lbu  t0, 0(s7)
    addi s7, s7, 1
    bnez t0, 1b
3:  restore ra, s7
    ret

# a0 = 1 if the pattern at a0 matches at the beginning of a1. s7 = the pattern, s8 = the text, s9 = what is behind the
# pattern's first part
match_here:
    save ra, s7, s8, s9
    mv   s7, a0
    mv   s8, a1
1:  lbu  t0, 0(s7)
    li   a0, 1
    beqz t0, 9f
    li   t1, '$'
    bne  t0, t1, 2f
    lbu  t1, 1(s7)
    bnez t1, 2f
    lbu  t0, 0(s8)
    seqz a0, t0
    j    9f
2:  mv   a0, s7
    call part_end
    mv   s9, a0
    lbu  t0, 0(s9)
    li   t1, '*'
    beq  t0, t1, 4f
    mv   a0, s7
    lbu  a1, 0(s8)
    call one_matches
    beqz a0, 9f
    mv   s7, s9
    addi s8, s8, 1
    j    1b
4:  mv   t3, s8                 # as many as there are, then fewer
5:  sd   t3, 40(sp)
    mv   a0, s7
    lbu  a1, 0(t3)
    call one_matches
    ld   t3, 40(sp)
    beqz a0, 6f
    addi t3, t3, 1
    j    5b
6:  sd   t3, 40(sp)
    addi a0, s9, 1
    mv   a1, t3
    call match_here
    bnez a0, 9f
    ld   t3, 40(sp)
    addi t3, t3, -1
    bgeu t3, s8, 6b
    li   a0, 0
9:  restore ra, s7, s8, s9
    ret

# a0 = what is behind the first part of the pattern at a0.
part_end:
    lbu  t0, 0(a0)
    addi a0, a0, 1
    li   t1, '\\'
    beq  t0, t1, 3f
    li   t1, '['
    bne  t0, t1, 4f
    mv   t2, a0
    lbu  t0, 0(a0)
    li   t1, '^'
    bne  t0, t1, 1f
    addi a0, a0, 1
1:  addi a0, a0, 1              # a ] at the beginning is one of them
2:  lbu  t0, -1(a0)
    beqz t0, 5f
    lbu  t0, 0(a0)
    addi a0, a0, 1
    li   t1, ']'
    bne  t0, t1, 2b
    ret
5:  mv   a0, t2                 # it has no end: [ is itself
    ret
3:  lbu  t0, 0(a0)
    beqz t0, 4f
    addi a0, a0, 1
4:  ret

# a0 = 1 if the first part of the pattern at a0 matches the letter a1, 0 at a line's end.
one_matches:
    save ra, s7
    mv   t6, a0
    li   a0, 0
    beqz a1, 9f
    lbu  t0, 0(t6)
    li   t1, '.'
    li   a0, 1
    beq  t0, t1, 9f
    li   t1, '\\'
    beq  t0, t1, 1f
    li   t1, '['
    beq  t0, t1, 3f
    j    2f
1:  lbu  t1, 1(t6)
    beqz t1, 2f
    mv   t0, t1
2:  mv   a0, t0
    call fold
    mv   t5, a0
    mv   a0, a1
    call fold
    xor  a0, a0, t5
    seqz a0, a0
    j    9f
3:  sd   t6, 16(sp)             # is there an end?
    sd   a1, 24(sp)
    mv   a0, t6
    call part_end
    mv   t4, a0
    ld   t6, 16(sp)
    ld   a1, 24(sp)
    addi t3, t6, 1
    li   t0, '['
    beq  t4, t3, 2b
    addi t4, t4, -1             # the ]
    li   s7, 0
    lbu  t0, 0(t3)
    addi t0, t0, -'^'
    bnez t0, 4f
    li   s7, 1
    addi t3, t3, 1
4:  mv   a0, a1
    call fold
    mv   t5, a0
    li   a0, 0
5:  bgeu t3, t4, 8f
    lbu  t0, 0(t3)
    mv   t2, t0
    addi t3, t3, 1
    lbu  t1, 0(t3)
    addi t1, t1, -'-'
    bnez t1, 6f
    addi t1, t3, 1
    bgeu t1, t4, 6f
    lbu  t2, 1(t3)
    addi t3, t3, 2
6:  bltu a1, t0, 61f
    bgtu a1, t2, 61f
    li   a0, 1
61: bltu t5, t0, 5b
    bgtu t5, t2, 5b
    li   a0, 1
    j    5b
8:  xor  a0, a0, s7
9:  restore ra, s7
    ret

# a0 = the letter a0, small if capitals do not matter. Changes t0, t1.
fold:
    andi t0, s1, IGNORE
    beqz t0, 1f
    addi t0, a0, -'A'
    li   t1, 26
    bgeu t0, t1, 1f
    addi a0, a0, 'a' - 'A'
1:  ret
