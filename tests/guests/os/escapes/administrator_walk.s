# A link made within leads the administrator, who walks in, to a file outside.
# case: CVE-2019-19921, CVE-2021-30465: runc follows a container's links as it mounts
# plant: PLANT_IN_ROOT

.include "escape.inc"

.equ meanwhile, nothing

.bss
.balign 8
jail: .zero 8                   # its directory's descriptor
.text

outside:
    save ra
    opens_as a0, /tmp/jail, O_RDONLY | O_DIRECTORY
    sd   a0, jail, t0
    makes_file /tmp/secret
    restore ra
    ret

inside:
    save ra
    str  a0, "/tmp/secret"
    li   a1, AT_FDCWD
    str  a2, "/door"
    must symlinkat, "symlink"
    li   a0, 0
    restore ra
    ret

after:
    save ra
    ld   a0, jail
    str  a1, "door"
    li   a2, O_RDONLY | O_IN_ROOT
    li   a3, 0
    system openat
    not  a0, a0
    srli a0, a0, 63             # 1 if it was opened
    restore ra
    ret
