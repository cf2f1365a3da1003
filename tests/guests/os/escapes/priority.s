# A process outside is given another priority.
# case: setpriority(PRIO_USER) of the same user across containers
# plant: PLANT_PRIORITY

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing

inside:
    save ra
    li   a0, 2                  # all of a user, root
    li   a1, 0
    li   a2, 7
    system setpriority
    li   a0, 0
    restore ra
    ret
after:
    save ra
    li   a0, 0
    li   a1, 0
    system getpriority
    addi a0, a0, -20
    snez a0, a0
    restore ra
    ret
