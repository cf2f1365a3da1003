# A context made within is given what its maker has not.
# case: capabilities regained in a nested user namespace (CVE-2018-18955)
# plant: PLANT_CHILD_CAPABILITIES

.include "escape.inc"

.equ meanwhile, nothing
.equ after, nothing

outside:
    save ra
    grants CAP_SYS_ADMIN
    restore ra
    ret
.bss
.balign 8
found: .zero 8
.text
# s1 = the new one's number
inside:
    save ra, s1
    makes_directory /tmp/own
    opens_as a1, /tmp/own, O_RDONLY | O_DIRECTORY
    str  a2, "own"
    context CREATE, "create own"
    mv   s1, a0
    mv   a1, s1
    li   a2, CONTEXT_KEY_CAPABILITIES
    li   a3, CONTEXT_DEFAULT_CAPABILITIES | 1 << CAP_MKNOD
    li   a0, CONTEXT_SET
    system context
    mv   a1, s1
    li   a2, CONTEXT_KEY_CAPABILITIES
    la   a3, found
    context GET, "get"
    mv   a1, s1
    context DESTROY, "destroy own"
    ld   a0, found
    srli a0, a0, CAP_MKNOD
    andi a0, a0, 1
    restore ra, s1
    ret
