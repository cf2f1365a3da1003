# All inodes are taken, by files without contents.
# case: inodes used up: quotas that count bytes alone
# plant: PLANT_UNLIMITED_diskinodes

.equ RESOURCE, 10             # diskinodes
.equ MORE,     8
.include "exhausting.inc"

.equ prepared, nothing

.data
name: .asciz "/tmp/a"
.text
take:
    save ra
    la   t0, name
    addi a0, a0, 'A'
    sb   a0, 5(t0)
    mv   a0, t0
    li   a1, O_WRONLY | O_CREAT
    li   a2, 0644
    open
    bltz a0, 1f
    system close
    li   a0, 0
1:  restore ra
    ret
