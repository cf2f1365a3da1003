# A fork bomb takes all processes.
# case: fork bombs, before cgroups' pids controller (Linux 4.3)
# plant: PLANT_UNLIMITED_numproc

.equ RESOURCE, 0             # numproc
.equ MORE,     6
.include "exhausting.inc"

.equ prepared, nothing

take:
    save ra
    fork
    bnez a0, 2f
1:  li   a0, 0
    li   a1, 0
    li   a2, 0
    li   a3, 0
    system ppoll
    j    1b
2:  restore ra
    ret
