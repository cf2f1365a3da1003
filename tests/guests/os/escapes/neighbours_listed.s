# /proc within shows processes outside.
# case: /proc of the host mounted in a container
# plant: PLANT_PROC

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

# Init outside is 1, and so is who asks; its parent and the context's neighbours have other numbers.
inside:
    save ra, s1, s2
    li   s2, 0
    opens_as s1, /proc, O_RDONLY | O_DIRECTORY
1:  mv   a0, s1
    la   a1, jail_room
    li   a2, 4096
    system getdents64
    blez a0, 4f
    la   t0, jail_room
    add  t1, t0, a0
2:  lbu  t2, DIRENT_NAME(t0)
    addi t2, t2, -'0'
    li   t3, 10
    bgeu t2, t3, 3f
    addi s2, s2, 1              # a process
3:  lhu  t2, DIRENT_LENGTH(t0)
    add  t0, t0, t2
    bltu t0, t1, 2b
    j    1b
4:  addi a0, s2, -1             # but itself
    snez a0, a0
    restore ra, s1, s2
    ret
