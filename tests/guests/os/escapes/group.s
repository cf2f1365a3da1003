# A group of processes outside is signalled by its number, which one within has, too.
# case: kill(-pgid) across process namespaces
# plant: PLANT_GROUP

.include "escape.inc"

.equ meanwhile, nothing

.bss
.balign 8
victim: .zero 8
victim_status: .zero 8
.text
outside:
    save ra, s1
    fork
    mv   s1, a0
    bnez a0, 2f
    li   a0, 0
    li   a1, 0
    must setpgid, "setpgid"
1:  li   a0, 0
    li   a1, 0
    li   a2, 0
    li   a3, 0
    system ppoll
    j    1b
2:  sd   s1, victim, t0
    system sched_yield
    restore ra, s1
    ret
inside:
    save ra, s1
    li   s1, -2                 # not its own group
1:  mv   a0, s1
    li   a1, SIGKILL
    system kill
    addi s1, s1, -1
    li   t0, -64
    bgt  s1, t0, 1b
    li   a0, 0
    restore ra, s1
    ret
after:
    save ra
    ld   a0, victim
    la   a1, victim_status
    li   a2, WNOHANG
    li   a3, 0
    must wait4, "wait4 of the victim"
    snez a0, a0
    restore ra
    ret
