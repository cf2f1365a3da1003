# The parent outside is seen by its number.
# case: getppid across a process namespace
# plant: PLANT_PARENT

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

inside:
    save ra
    system getppid
    snez a0, a0
    restore ra
    ret
