# A disk does what a list says, which its host writes before the run: command, sector, count and value, until a command is 0.
#
# Every dword that a write writes is one more than the one before it, from the value on.

.include "platform.inc"
.include "platform/disk.inc"

.globl _start
_start:
    platform_begin
    la   sp, stack_end
    call disk_begin
    la   s0, script
1:  ld   a3, 0(s0)
    beqz a3, 5f
    li   t0, DISK_FLUSH
    bne  a3, t0, 2f
    call disk_flush
    j    4f
2:  ld   a0, 8(s0)
    ld   a1, 16(s0)
    la   a2, buffer
    slli t0, a1, 9
    add  t0, t0, a2
    ld   t1, 24(s0)
    mv   t2, a2
3:  sd   t1, 0(t2)
    addi t1, t1, 1
    addi t2, t2, 8
    bltu t2, t0, 3b
    call disk_transfer
4:  bnez a0, 5f
    addi s0, s0, 32
    j    1b
5:  power_off

.bss
.balign 4096
buffer: .zero 16 * SECTOR_SIZE
.balign 16
.zero 512
stack_end:
.globl script
script: .zero 32 * 2000
