# A context is made within by a root that may not.
# case: unprivileged clone(CLONE_NEWUSER) as the first step of kernel exploits (CVE-2022-0185)
# plant: PLANT_ADMIN

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

inside:
    save ra
    makes_directory /tmp/own
    opens_as a1, /tmp/own, O_RDONLY | O_DIRECTORY
    str  a2, "own"
    li   a0, CONTEXT_CREATE
    system context
    not  a0, a0
    srli a0, a0, 63             # 1 if there is one
    restore ra
    ret
