# Without a disk there are no sectors, and a command fails, be it a flush.
# build: plain
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    li   t0, IRQ_DISK
    crw  CR_IMASK, t0
    in   t1, PORT_DISK_SECTORS
    check t1, 0
    li   t1, 1
    out  PORT_DISK_COMMAND, t1
    wfi
    in   t1, PORT_DISK_STATUS
    check t1, 2 | 4             # completed, failed
    out  PORT_DISK_STATUS, zero
    li   t1, 3
    out  PORT_DISK_COMMAND, t1
    wfi
    in   t1, PORT_DISK_STATUS
    check t1, 2 | 4
    done
.bss
image_end:
