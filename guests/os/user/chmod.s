# chmod MODE PATH...: set the mode, in octal.

.include "os/user/lib/program.inc"

# s0 = left, s1 = the next, s2 = the mode, s3 = status
main:
    addi s0, a0, -2
    addi s1, a1, 16
    li   s3, 0
    blez s0, 9f
    ld   a0, 8(a1)
    li   a1, 8
    call string_in_base
    bnez a1, 9f
    mv   s2, a0
    li   t0, 07777
    bgtu s2, t0, 9f
1:  li   a0, AT_FDCWD
    ld   a1, 0(s1)
    mv   a2, s2
    system fchmodat
    beqz a0, 2f
    mv   a1, a0
    ld   a0, 0(s1)
    call complain
    li   s3, 1
2:  addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 1b
    mv   a0, s3
    j    exit
9:  usage "chmod MODE PATH..., the mode in octal"
