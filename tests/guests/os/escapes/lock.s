# A locked context changes its own host name.
# case: Linux-VServer's flag `lock`; sethostname by a container's root
# plant: PLANT_LOCK

.include "escape.inc"

.equ meanwhile, nothing
.equ after, nothing

outside:
    save ra
    grants CAP_SYS_ADMIN
    mv   a1, s0
    li   a2, CONTEXT_KEY_FLAGS
    li   a3, CONTEXT_LOCK
    context SET, "flags"
    restore ra
    ret
inside:
    save ra
    str  a0, "mine"
    li   a1, 4
    system sethostname
    seqz a0, a0
    restore ra
    ret
