# An orphan within becomes a child of init outside.
# case: double fork out of a container's process tree before PR_SET_CHILD_SUBREAPER
# plant: PLANT_ORPHAN

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

# A grandchild whose parent ends asks who its parent is: the context's init, which is 1.
inside:
    save ra, s1
    fork
    mv   s1, a0
    bnez a0, 3f
    fork
    bnez a0, 2f
1:  system getppid
    addi t0, a0, -2             # the middle one's number, while that lives
    beqz t0, 1b
    addi a0, a0, -1
    snez a0, a0
    system exit_group
2:  li   a0, 0
    system exit_group
3:  mv   a0, s1
    la   a1, inside_status
    li   a2, 0
    li   a3, 0
    must wait4, "wait4"
    li   a0, -1
    la   a1, inside_status
    li   a2, 0
    li   a3, 0
    system wait4                # an error where it has become another one's
    srai a0, a0, 63
    andi a0, a0, 1
    lwu  t0, inside_status
    snez t0, t0
    or   a0, a0, t0
    restore ra, s1
    ret
