# A sector written is read back, and each completion comes with an interrupt.
# build: plain
# disk: 8
# exit: 0

.include "behaviour.inc"

.equ DISK_READ,  1
.equ DISK_WRITE, 2
.equ DISK_DONE,  2

# disk_do command   give it, wait for its completion, which must be a success, and acknowledge
.macro disk_do command
    li   t1, \command
    out  PORT_DISK_COMMAND, t1
    in   t1, PORT_DISK_STATUS
    check t1, 1                 # busy
    wfi
    in   t1, PORT_DISK_STATUS
    check t1, DISK_DONE
    crr  t1, CR_IPEND
    andi t1, t1, IRQ_DISK
    check t1, IRQ_DISK
    out  PORT_DISK_STATUS, zero
    in   t1, PORT_DISK_STATUS
    check t1, 0
.endm

.globl _start
_start:
    begin
    li   t0, IRQ_DISK
    crw  CR_IMASK, t0
    in   t1, PORT_DISK_SECTORS
    check t1, 8
    li   t1, 5
    out  PORT_DISK_SECTOR, t1
    in   t1, PORT_DISK_SECTOR
    check t1, 5
    li   t1, 0
1:  out  PORT_DISK_DATA, t1
    addi t1, t1, 1
    li   t2, SECTOR_SIZE / 8
    bne  t1, t2, 1b
    disk_do DISK_WRITE
    li   t1, 4
    out  PORT_DISK_SECTOR, t1
    disk_do DISK_READ
    in   t1, PORT_DISK_DATA
    check t1, 0
    li   t1, 5
    out  PORT_DISK_SECTOR, t1
    disk_do DISK_READ
    li   s1, 0
2:  in   t1, PORT_DISK_DATA
    addi gp, gp, 1
    bne  t1, s1, failed
    addi s1, s1, 1
    li   t2, SECTOR_SIZE / 8
    bne  s1, t2, 2b
    done
.bss
image_end:
