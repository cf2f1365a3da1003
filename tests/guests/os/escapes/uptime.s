# The machine's uptime is told within, and not the context's own.
# case: /proc/uptime of the host in containers (what lxcfs is for)
# plant: PLANT_UPTIME

.include "escape.inc"

.equ meanwhile, nothing
.equ after, nothing

.bss
.balign 8
told: .zero 112
.rodata
.balign 8
three_seconds: .dword 3, 0
.text
outside:
    save ra
    la   a0, three_seconds
    li   a1, 0
    must nanosleep, "nanosleep"
    restore ra
    ret
inside:
    save ra
    la   a0, told
    must sysinfo, "sysinfo"
    ld   a0, told
    sltiu a0, a0, 2
    xori a0, a0, 1
    restore ra
    ret
