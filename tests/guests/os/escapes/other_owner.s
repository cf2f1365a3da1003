# A file of the host's, linked into the context, is written by the root within.
# case: root in a container as owner of the host's files, without user namespaces
# plant: PLANT_LINK PLANT_STAMP

.include "escape.inc"

.equ meanwhile, nothing

outside:
    save ra
    makes_file /tmp/treasure
    li   a0, AT_FDCWD
    str  a1, "/tmp/treasure"
    li   a2, AT_FDCWD
    str  a3, "/tmp/jail/treasure"
    li   a4, 0
    system linkat
    restore ra
    ret
inside:
    save ra
    opens_as a0, /treasure, O_WRONLY
    not  a0, a0
    srli a0, a0, 63             # 1 if it was opened
    restore ra
    ret
.equ after, nothing
