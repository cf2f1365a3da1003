# A root below is taken, and left by a descriptor of a directory above it.
# case: the classic chroot breakout: mkdir, chroot, fchdir, `..`
# plant: PLANT_BARRIER PLANT_STAMP

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

# s1 = the directory's descriptor
inside:
    save ra, s1
    opens_as s1, /, O_RDONLY | O_DIRECTORY
    makes_directory /tmp/below
    str  a0, "/tmp/below"
    must chroot, "chroot"
    mv   a0, s1
    must fchdir, "fchdir"
    exists a0, ../../tmp/jail
    bnez a0, 1f
    mv   a0, s1
    str  a1, "../tmp/jail"
    li   a2, 0
    system faccessat
    seqz a0, a0
1:  restore ra, s1
    ret
