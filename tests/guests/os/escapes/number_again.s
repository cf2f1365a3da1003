# A context gets the number that a dead one had, whose files bear it still.
# case: ids of dead containers reused while their files and mounts live
# plant: PLANT_NUMBER

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing

.equ inside, nothing
after:
    save ra, s1
    makes_directory /tmp/again
    opens_as a1, /tmp/again, O_RDONLY | O_DIRECTORY
    str  a2, "again"
    li   a0, CONTEXT_CREATE
    system context
    mv   s1, a0
    beq  s0, s1, 1f             # where the next is the first one, they may not both be loaded either
    mv   a1, s1
    context DESTROY, "destroy"
1:  sub  a0, s0, s1
    seqz a0, a0
    restore ra, s1
    ret
