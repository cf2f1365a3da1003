# A file copied to another, 4 KiB at a time; together they are larger than the kernel's cache of blocks.
# workload: sectors of a file copied to another
# operation: one sector of 512 bytes read from the disk and written, a call each for eight; a write is logged and flushed
# period: 640
# files: 640

.include "os/bench/bench.inc"

.equ SECTOR,  512
.equ SECTORS, 640               # of each file: 640 KiB together, of which the cache has 512
.equ CHUNK,   4096

# s1 = sectors copied, s2 = the source, s3 = the target, s4 = bytes of the next transfer, s5 = place in the files
work:
    la   a0, source
    li   a1, O_RDONLY
    open
    bltz a0, work_wrong
    mv   s2, a0
    la   a0, target
    li   a1, O_RDWR
    open
    bltz a0, work_wrong
    mv   s3, a0
    li   s1, 0
    li   s5, 0
next_chunk:
    sub  t0, s0, s1
    beqz t0, copied
    slli s4, t0, 9
    li   t0, CHUNK
    bleu s4, t0, 1f
    mv   s4, t0
1:  mv   a0, s2
    la   a1, buffer
    mv   a2, s4
    mv   a3, s5
    system pread64
    bne  a0, s4, work_wrong
    srli t0, s5, 9
    addi t0, t0, 1
    ld   t1, buffer
    bne  t0, t1, work_wrong
    mv   a0, s3
    la   a1, buffer
    mv   a2, s4
    mv   a3, s5
    system pwrite64
    bne  a0, s4, work_wrong
    srli t0, s4, 9
    add  s1, s1, t0
    add  s5, s5, s4
    li   t0, SECTORS * SECTOR
    bltu s5, t0, next_chunk
    li   s5, 0
    j    next_chunk

# The last sector copied begins with its number, and the one behind it with -1 unless there was one for each.
copied:
    beqz s1, 1f
    addi a0, s1, -1
    call target_number
    bne  a0, a1, work_wrong
1:  mv   a0, s1
    call target_number
    li   t0, SECTORS
    bgeu s1, t0, 2f
    li   a1, -1
2:  bne  a0, a1, work_wrong
    j    work_done

# a0 = what sector a0 of the target begins with, counted round and round; a1 = its number. Called by copied. s4 = it
target_number:
    save ra, s4
    li   t0, SECTORS
    remu s4, a0, t0
    mv   a0, s3
    la   a1, buffer
    li   a2, SECTOR
    slli a3, s4, 9
    system pread64
    li   t0, SECTOR
    bne  a0, t0, work_wrong
    ld   a0, buffer
    addi a1, s4, 1
    restore ra, s4
    ret

.rodata
source: .asciz "/tmp/source"
target: .asciz "/tmp/target"
.bss
.balign 8
buffer: .zero CHUNK
