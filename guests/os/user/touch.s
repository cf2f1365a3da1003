# touch PATH...: make files that are not there; what is there was changed now.

.include "os/user/lib/program.inc"

# s0 = left, s1 = the next, s2 = status
main:
    addi s0, a0, -1
    addi s1, a1, 8
    li   s2, 0
    blez s0, 9f
1:  li   a0, AT_FDCWD
    ld   a1, 0(s1)
    li   a2, 0                  # both times: now
    li   a3, 0
    system utimensat
    li   t0, -ENOENT
    bne  a0, t0, 2f
    ld   a0, 0(s1)
    li   a1, O_WRONLY | O_CREAT
    li   a2, 0666
    open
    bltz a0, 2f
    system close
2:  beqz a0, 3f
    mv   a1, a0
    ld   a0, 0(s1)
    call complain
    li   s2, 1
3:  addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 1b
    mv   a0, s2
    j    exit
9:  usage "touch PATH..."
