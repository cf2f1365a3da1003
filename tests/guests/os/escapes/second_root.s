# A root below the working directory is taken, and `..` goes past it.
# case: chroot(2) called twice, FreeBSD's reason for jail(8)
# plant: PLANT_SECOND_ROOT PLANT_BARRIER PLANT_STAMP

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

inside:
    save ra
    makes_directory /tmp/below
    str  a0, "/tmp/below"
    must chroot, "chroot"
    exists a0, ../../../tmp/jail
    restore ra
    ret
