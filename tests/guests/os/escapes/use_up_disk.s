# The disk is filled.
# case: /var/lib/docker filled from within a container
# plant: PLANT_UNLIMITED_diskspace

.equ RESOURCE, 9             # diskspace
.equ MORE,     16
.include "exhausting.inc"

.bss
.balign 8
filled: .zero 8                 # a file
.text
prepared:
    save ra
    opens_as a0, /tmp/filled, O_WRONLY | O_CREAT
    sd   a0, filled, t0
    restore ra
    ret

take:
    save ra
    ld   a0, filled
    la   a1, jail_room
    li   a2, 1024
    system write
    restore ra
    ret
