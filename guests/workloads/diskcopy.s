# Sectors copied from the first half of a disk to the second, as many at a time as a page holds.
# workload: a disk's sectors copied
# operation: one sector read into memory and written elsewhere, each with its interrupt; over a ring eight have one
# period: 8
# disk: 64
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"
.include "platform/disk.inc"

.equ HALF,  32                  # sectors
.equ CHUNK, PAGE_SIZE / SECTOR_SIZE

# s0 = operations, s1 = sectors copied, s2 = sectors of the next transfer, s3 = where it reads
.globl _start
_start:
    workload_begin image_end
    beqz s0, workload_done
    call disk_begin
    call fill_disk
    li   s1, 0
next_chunk:
    li   s2, CHUNK
    sub  t0, s0, s1
    bgeu t0, s2, 1f
    mv   s2, t0
1:  andi s3, s1, HALF - 1
    mv   a0, s3
    mv   a1, s2
    la   a2, buffer
    li   a3, DISK_READ
    call disk_transfer
    bnez a0, workload_wrong
    addi a0, s3, HALF
    mv   a1, s2
    la   a2, buffer
    li   a3, DISK_WRITE
    call disk_transfer
    bnez a0, workload_wrong
    add  s1, s1, s2
    bltu s1, s0, next_chunk

# The copy of each sector that should have one holds its number, and that of one that should not holds nothing.
    li   s3, 0
2:  addi a0, s3, HALF
    li   a1, 1
    la   a2, buffer
    li   a3, DISK_READ
    call disk_transfer
    bnez a0, workload_wrong
    sltu t0, s3, s1
    addi t1, s3, 1
    mul  t0, t0, t1             # what should stand there
    la   t1, buffer
    ld   t2, 0(t1)
    bne  t0, t2, workload_wrong
    ld   t2, SECTOR_SIZE - 8(t1)
    bne  t0, t2, workload_wrong
    addi s3, s3, 1
    li   t0, HALF
    bltu s3, t0, 2b
    j    workload_done

# Write to each sector of the first half its number, from 1 on, again and again. Called by _start.
fill_disk:
    save ra
    li   s3, 0
1:  la   t0, buffer
    addi t1, t0, SECTOR_SIZE
    addi t2, s3, 1
2:  sd   t2, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 2b
    mv   a0, s3
    li   a1, 1
    la   a2, buffer
    li   a3, DISK_WRITE
    call disk_transfer
    bnez a0, workload_wrong
    addi s3, s3, 1
    li   t0, HALF
    bltu s3, t0, 1b
    restore ra
    ret

.bss
.balign PAGE_SIZE
buffer: .zero PAGE_SIZE
image_end:
