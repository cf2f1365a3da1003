# The end of init within is the machine's.
# case: a container whose first process ends takes down what manages it
# plant: PLANT_INIT

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

inside:
    li   a0, ESCAPED
    ret
