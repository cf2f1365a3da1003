# A device node is made within.
# case: Docker without dropping CAP_MKNOD: the host's disk by mknod
# plant: PLANT_MKNOD

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

inside:
    save ra
    li   a0, AT_FDCWD
    str  a1, "/dev/node"
    li   a2, S_IFCHR | 0600
    li   a3, 0x800
    system mknodat
    seqz a0, a0
    restore ra
    ret
