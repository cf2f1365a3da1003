# A disk flushes what was written to it, by its port or over a ring, and changes nothing.
# disk: 8
# exit: 0

.include "behaviour.inc"
.include "platform/disk.inc"

.globl _start
_start:
    begin
    call disk_begin
    call disk_flush             # nothing was written
    check a0, 0
    li   a0, 3
    li   a1, 2
    la   a2, sectors
    li   a3, DISK_WRITE
    call disk_transfer
    check a0, 0
    call disk_flush
    check a0, 0
    li   a0, 4
    li   a1, 1
    la   a2, found
    li   a3, DISK_READ
    call disk_transfer
    check a0, 0
    call disk_flush             # leaves memory alone, and what was read
    check a0, 0
    ld   t1, found
    check t1, 0x1234567812345678
    done
.bss
.balign 8
found: .zero SECTOR_SIZE
.data
.balign 8
sectors:
    .zero SECTOR_SIZE
    .dword 0x1234567812345678
    .zero SECTOR_SIZE - 8
image_end:
