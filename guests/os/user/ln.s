# ln [-s] PATH... TARGET: another name for a file; -s: a symbolic link to the path.

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"
.include "os/user/lib/paths.inc"
.include "os/user/lib/copy.inc"

main:
    la   a2, letters
    call options_take
    la   t0, hard_link
    beqz a2, 1f
    la   t0, symbolic_link
1:  mv   a2, t0
    call each_target
    bgez a0, exit
    usage "ln [-s] PATH... TARGET"
.rodata
letters: .asciz "s"
.text

hard_link:
    save ra, s6
    mv   s6, a1
    mv   a3, a1
    mv   a1, a0
    li   a0, AT_FDCWD
    li   a2, AT_FDCWD
    li   a4, 0
    system linkat
    j    1f
symbolic_link:
    save ra, s6
    mv   s6, a1
    mv   a2, a1
    li   a1, AT_FDCWD
    system symlinkat
1:  beqz a0, 2f
    mv   a1, a0
    mv   a0, s6
    call complain
    li   a0, 1
2:  restore ra, s6
    ret
