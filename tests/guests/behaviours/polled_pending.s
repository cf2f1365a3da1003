# What becomes pending while interrupts are off is seen by a guest that looks, at the very instruction, and ends as it should.
# build: plain
# disk: 8
# limit: 1000000
# exit: 0

.include "behaviour.inc"

.equ DISK_READ, 1
.equ DISK_DONE, 2

# await bit      look again and again until it is pending
.macro await bit
1:  crr  t1, CR_IPEND
    andi t1, t1, \bit
    beqz t1, 1b
.endm

.macro check_absent bit
    crr  t1, CR_IPEND
    andi t1, t1, \bit
    check t1, 0
.endm

.globl _start
_start:
    begin
    crw  CR_IMASK, zero
    li   s1, 3                  # so often
again:
    crr  s2, CR_TIME
    addi s2, s2, 300
    crw  CR_TIMECMP, s2
    check_absent IRQ_TIMER
    await IRQ_TIMER
    crr  t1, CR_TIME
    addi gp, gp, 1
    bltu t1, s2, failed
    li   t1, -1
    crw  CR_TIMECMP, t1
    check_absent IRQ_TIMER
    out  PORT_DISK_SECTOR, s1
    li   t1, DISK_READ
    out  PORT_DISK_COMMAND, t1
    check_absent IRQ_DISK
    await IRQ_DISK
    in   t1, PORT_DISK_STATUS
    check t1, DISK_DONE
    out  PORT_DISK_STATUS, zero
    check_absent IRQ_DISK
    addi s1, s1, -1
    bnez s1, again
    done
.bss
image_end:
