# A process outside is looked at by its number in /proc.
# case: /proc/PID/root and /proc/PID/environ of the host's processes
# plant: PLANT_PROC_OPEN

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

.data
path: .asciz "/proc/99"
.text
# s1 = the number, s2 = how many there are
inside:
    save ra, s1, s2
    li   s1, 1
    li   s2, 0
1:  li   t0, 10
    divu t1, s1, t0
    remu t2, s1, t0
    addi t1, t1, '0'
    addi t2, t2, '0'
    la   a1, path
    li   t0, 10
    bltu s1, t0, 2f
    sb   t1, 6(a1)
    sb   t2, 7(a1)
    j    3f
2:  sb   t2, 6(a1)
    sb   zero, 7(a1)
3:  li   a0, AT_FDCWD
    li   a2, 0
    system faccessat
    bnez a0, 4f
    addi s2, s2, 1
4:  addi s1, s1, 1
    li   t0, 32
    bltu s1, t0, 1b
    addi a0, s2, -1             # itself
    snez a0, a0
    restore ra, s1, s2
    ret
