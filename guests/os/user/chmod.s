# chmod MODE PATH...: set the mode, in octal or as changes to what it is: [ugoa...][+-=][rwxst...] with commas between.

.include "os/user/lib/program.inc"

.bss
.balign 8
status:     .zero STAT_RECORD
octal:      .zero 8             # 1: the mode is a number
mode_said:  .zero 8             # that
mode_mask:  .zero 8             # umask: what a change that names nobody leaves as it is
.text

# s0 = left, s1 = the next, s2 = the mode's text, s3 = status
main:
    addi s0, a0, -2
    addi s1, a1, 16
    li   s3, 0
    blez s0, 9f
    ld   s2, 8(a1)
    mv   a0, s2
    li   a1, 8
    call string_in_base
    seqz t0, a1
    sd   t0, octal, t1
    sd   a0, mode_said, t1
    beqz t0, 1f
    li   t0, 07777
    bgtu a0, t0, 9f
1:  li   a0, 0
    system umask
    sd   a0, mode_mask, t0
    system umask
    li   a0, 0
    call mode_changed
    bltz a0, 9f
2:  li   a0, AT_FDCWD
    ld   a1, 0(s1)
    la   a2, status
    li   a3, 0
    system newfstatat
    bnez a0, 3f
    lwu  a0, status + STAT_MODE
    call mode_changed
    mv   a2, a0
    li   a0, AT_FDCWD
    ld   a1, 0(s1)
    system fchmodat
    beqz a0, 4f
3:  mv   a1, a0
    ld   a0, 0(s1)
    call complain
    li   s3, 1
4:  addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 2b
    mv   a0, s3
    j    exit
9:  usage "chmod MODE PATH..., the mode in octal, or changes like u+x,go-w"

# letter_adds LETTER, BITS, rd, label   where the letter t1 is that one, rd has these bits, too, and label has the next; changes t6
.macro letter_adds letter, bits, rd, label
    li   t6, '\letter'
    bne  t1, t6, .Lother_\@
    li   t6, \bits
    or   \rd, \rd, t6
    j    \label
.Lother_\@:
.endm

# a0 = what mode a0 becomes, or -1 where the text at s2 is no change of one. Changes t-registers.
# t0 = the text, t1 = a letter, t2 = whose bits, t3 = which, t4 = what is done, t5 = 1: nobody was named
mode_changed:
    li   t6, 07777
    and  a0, a0, t6
    ld   t0, octal
    beqz t0, 1f
    ld   a0, mode_said
    ret
1:  mv   t0, s2
2:  li   t2, 0
    li   t5, 0
3:  lbu  t1, 0(t0)
    addi t0, t0, 1
    letter_adds u, 04700, t2, 3b
    letter_adds g, 02070, t2, 3b
    letter_adds o, 01007, t2, 3b
    letter_adds a, 07777, t2, 3b
    bnez t2, 4f
    li   t2, 07777
    li   t5, 1
4:  mv   t4, t1                 # + - =
    li   t6, '+'
    beq  t4, t6, 5f
    li   t6, '-'
    beq  t4, t6, 5f
    li   t6, '='
    bne  t4, t6, 9f
5:  li   t3, 0
6:  lbu  t1, 0(t0)
    addi t0, t0, 1
    letter_adds r, 0444, t3, 6b
    letter_adds w, 0222, t3, 6b
    letter_adds x, 0111, t3, 6b
    letter_adds s, 06000, t3, 6b
    letter_adds t, 01000, t3, 6b
    and  t3, t3, t2
    beqz t5, 7f
    ld   t6, mode_mask
    not  t6, t6
    and  t3, t3, t6
7:  li   t6, '-'
    beq  t4, t6, 71f
    li   t6, '='
    bne  t4, t6, 72f
    not  t6, t2
    and  a0, a0, t6
72: or   a0, a0, t3
    j    8f
71: not  t3, t3
    and  a0, a0, t3
8:  beqz t1, 10f
    li   t6, ','
    beq  t1, t6, 2b
    j    4b                     # another change for the same
9:  li   a0, -1
10: ret
