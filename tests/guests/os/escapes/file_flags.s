# Flags of a file that was open outside are set by its descriptor, and its reader there finds it empty, and ends.
# case: O_NONBLOCK left on a terminal that a shell shares with what it ran
# plant: PLANT_FILE_FLAGS

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing

inside:
    save ra
    li   a0, 0
    li   a1, F_SETFL
    li   a2, O_NONBLOCK
    system fcntl
    li   a0, 0
    restore ra
    ret
after:
    save ra
    li   a0, 0
    li   a1, F_GETFL
    li   a2, 0
    must fcntl, "fcntl"
    li   t0, O_NONBLOCK
    and  a0, a0, t0
    snez a0, a0
    restore ra
    ret
