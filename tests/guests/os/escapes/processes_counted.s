# How many processes run outside is told within.
# case: sysinfo and load of the host in containers
# plant: PLANT_COUNTED

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

.bss
.balign 8
told: .zero 112
.text
inside:
    save ra
    la   a0, told
    must sysinfo, "sysinfo"
    lhu  a0, told + 80
    addi a0, a0, -1
    snez a0, a0
    restore ra
    ret
