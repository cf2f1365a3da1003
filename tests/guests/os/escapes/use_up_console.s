# The console is flooded.
# case: container logs that fill the host's disk
# plant: PLANT_UNLIMITED_consolebytes

.equ RESOURCE, 8             # consolebytes
.equ MORE,     16
.include "exhausting.inc"

.bss
.balign 8
console: .zero 8
escape_byte: .zero 8
.text
prepared:
    save ra
    li   a0, AT_FDCWD
    str  a1, "/dev/console"
    li   a2, S_IFCHR | 0600
    li   a3, 0x501
    must mknodat, "mknod of the console"
    opens_as a0, /dev/console, O_RDWR
    sd   a0, console, t0
    restore ra
    ret

take:
    save ra
    ld   a0, console
    la   a1, escape_byte
    li   a2, 1
    system write
    restore ra
    ret
