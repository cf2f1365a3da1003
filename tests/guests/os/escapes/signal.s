# A process outside is sent a signal by its number.
# case: processes of the host seen from a container without a process namespace
# plant: PLANT_FIND

.include "escape.inc"

.equ meanwhile, nothing

.bss
.balign 8
victim: .zero 8
.text
# A victim waits for ever; its number is that of init + some, and all are tried.
outside:
    save ra
    fork
    bnez a0, 1f
2:  li   a0, 0
    li   a1, 0
    li   a2, 0
    li   a3, 0
    system ppoll
    j    2b
1:  sd   a0, victim, t0
    restore ra
    ret
inside:
    save ra, s1, s2
    li   s1, 2
    li   s2, 0
1:  system getpid
    beq  a0, s1, 2f
    mv   a0, s1
    li   a1, SIGKILL
    system kill
    bnez a0, 2f
    li   s2, 1
2:  addi s1, s1, 1
    li   t0, 64
    bltu s1, t0, 1b
    mv   a0, s2
    restore ra, s1, s2
    ret
# The victim is there still.
after:
    save ra
    ld   a0, victim
    li   a1, SIGKILL
    system kill
    ld   a0, victim
    la   a1, inside_status
    addi a1, a1, 4
    li   a2, 0
    li   a3, 0
    must wait4, "wait4 of the victim"
    li   a0, 0
    restore ra
    ret
