# rmdir DIRECTORY...: remove directories that are empty.

.include "os/user/lib/program.inc"

# s0 = left, s1 = the next, s2 = status
main:
    addi s0, a0, -1
    addi s1, a1, 8
    li   s2, 0
    blez s0, 9f
1:  li   a0, AT_FDCWD
    ld   a1, 0(s1)
    li   a2, AT_REMOVEDIR
    system unlinkat
    beqz a0, 2f
    mv   a1, a0
    ld   a0, 0(s1)
    call complain
    li   s2, 1
2:  addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 1b
    mv   a0, s2
    j    exit
9:  usage "rmdir DIRECTORY..."
