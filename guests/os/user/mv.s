# mv PATH... TARGET: give a file or directory another name, or put several into a directory.

.include "os/user/lib/program.inc"
.include "os/user/lib/paths.inc"
.include "os/user/lib/copy.inc"

main:
    addi a0, a0, -1
    addi a1, a1, 8
    la   a2, move
    call each_target
    bgez a0, exit
    usage "mv PATH... TARGET"

# s6 = the path
move:
    save ra, s6
    mv   s6, a0
    mv   a3, a1
    mv   a1, a0
    li   a0, AT_FDCWD
    li   a2, AT_FDCWD
    li   a4, 0
    system renameat2
    beqz a0, 1f
    mv   a1, a0
    mv   a0, s6
    call complain
    li   a0, 1
1:  restore ra, s6
    ret
