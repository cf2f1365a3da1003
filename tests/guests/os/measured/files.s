# What files cost in instructions a KiB, where the disk takes no time: written, read again while the cache has them, read anew
# from the disk, in calls of 64 KiB and of 4 KiB.
.include "checking.inc"
.include "measuring.inc"

.equ BYTES,   0x20000           # of a file: the cache holds two of them
.equ KIB,     BYTES >> 10

# transfer call, "name", size   time the call on all of the file s2, from its beginning, `size` bytes at a time
.macro transfer call, name, size
    mv   a0, s2
    li   a1, 0
    li   a2, SEEK_SET
    system lseek
    li   s3, BYTES
    time_begin
.Lpart_\@:
    mv   a0, s2
    la   a1, buffer
    li   a2, \size
    system \call
    blez a0, failed
    sub  s3, s3, a0
    bgtz s3, .Lpart_\@
    time_end
    li   t0, KIB
    divu s1, s1, t0
    tell "\name", s1
.endm

# new_file "path"   s2 = it, open
.macro new_file path
    li   a0, AT_FDCWD
    la   a1, .Lpath_\@
    li   a2, O_RDWR | O_CREAT | O_TRUNC
    li   a3, 0600
    system openat
    mv   s2, a0
    .pushsection .rodata
.Lpath_\@: .asciz "\path"
    .popsection
.endm

begin
    time_overhead
    la   t0, buffer             # its pages are there
    li   t1, 0x10000
    add  t1, t1, t0
    li   t2, PAGE_SIZE
1:  sd   t0, 0(t0)
    add  t0, t0, t2
    bltu t0, t1, 1b
    new_file "/tmp/small"
    transfer write, write4, 0x1000
    transfer read, read4, 0x1000
    new_file "/tmp/large"
    transfer write, write64, 0x10000
    mv   s4, s2
    transfer read, read64, 0x10000
    .irp number, 1, 2, 3, 4, 5
    new_file "/tmp/other\number"
    transfer write, other\number, 0x10000
    .endr
    mv   s2, s4
    transfer read, disk64, 0x10000
    li   a0, 0
    system exit
failed:
    li   a0, 1
    system exit

.bss
.balign 4096
buffer: .zero 0x10000
