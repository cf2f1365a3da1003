# The operating system's file system without processes: system calls from a script in memory, one after another.
#
# The script: a dword, how many calls there are; from 64 on rows of 64 bytes: number, six arguments, and room for the
# result. Call 1000 makes the caller another user, of user and group id the arguments; 1001 forgets what it opened and
# mounts again; 1002 unifies the inode of a descriptor, or not any more; 1003 has its directory pay as context so and so.
# The caller never sleeps: what would have to gets -EINTR.

.equ DISK_UNTRAPPED, 1
.ifndef SCRIPT_SIZE              # a smaller one is quicker to go back to
.equ SCRIPT_SIZE, 0x400000
.endif
.equ SPACE_SIZE, 48              # of a process, which has none here
.equ CONTEXTS, 0
.equ CALL_BECOME, 1000
.equ CALL_REMOUNT, 1001
.equ CALL_UNIFY,  1002
.equ CALL_STAMP,  1003

.include "platform.inc"
.include "lib/print.inc"
.include "os/include/linux.inc"
.include "os/include/contexts.inc"
.include "os/kernel/layout.inc"
.include "os/kernel/calls.inc"
.include "os/kernel/rows.inc"
.include "os/kernel/contexts.inc"
.include "os/kernel/kin.inc"
.include "os/kernel/process.inc"

# Pages have no records here, and one user each.
.equ FRAME_USERS, 0
.macro frame_record rd, rs
    la   \rd, one_user
.endm

.include "os/kernel/filesystem.inc"
.include "os/kernel/random.inc"
.include "os/kernel/calls_end.inc"

.text
.globl _start
_start:
    platform_begin
    la   sp, stack_end
    la   tp, processes + PROC_SIZE
    call calls_begin
    call restart
    bnez a0, 9f
    la   s0, script
    ld   s1, 0(s0)
    addi s0, s0, 64
    j    4f
1:  ld   t0, 0(s0)
    ld   a0, 8(s0)
    ld   a1, 16(s0)
    li   t1, CALL_BECOME
    beq  t0, t1, 5f
    li   t1, CALL_REMOUNT
    beq  t0, t1, 6f
    li   t1, CALL_UNIFY
    beq  t0, t1, 7f
    li   t1, CALL_STAMP
    beq  t0, t1, 8f
    li   t1, CALLS              # a call may have written over the script
    bgeu t0, t1, 2f
    slli t0, t0, 3
    la   t1, call_table
    add  t0, t0, t1
    ld   t0, 0(t0)
    ld   a2, 24(s0)
    ld   a3, 32(s0)
    ld   a4, 40(s0)
    ld   a5, 48(s0)
    jalr t0
2:  sd   a0, 56(s0)
    li   a0, 7
    la   t1, stack_end
    bne  sp, t1, 10f
    addi s0, s0, 64
    addi s1, s1, -1
4:  bnez s1, 1b
    call files_exit
    j    check_held
5:  call become
    j    2b
6:  call restart
    j    2b
7:  call unify
    j    2b
8:  call stamp
    j    2b
9:  sd   a0, mounted, t0
    li   a0, 9
10: power_off

# Mount, as after the power came. a0 = 0, or an error.
restart:
    save ra, s0
    la   a0, processes
    li   a1, 2 * PROC_SIZE
    call bytes_clear
    rows_clear files
    la   a0, files
    li   a1, files_end - files
    call bytes_clear
    la   a0, inodes
    li   a1, inode_buckets + 8 * INODE_BUCKETS - inodes
    call bytes_clear
    la   a0, block_buckets
    li   a1, 8 * BUCKETS
    call bytes_clear
    la   a0, pages
    li   a1, pages_end - pages
    call bytes_clear
    sd   zero, pages_held, t0
    la   t0, frames
    sd   t0, frames_fresh, t1
    li   a0, 0
    li   a1, 0
    call become
    li   t0, 022
    sw   t0, PROC_UMASK(tp)
    call volume_mount
    bnez a0, 1f
    mv   a0, tp
    call files_begin
1:  restore ra, s0
    ret

# Jumped to by the end, when the caller has gone: code 0 if nobody holds an inode, a file or a pipe, else 8.
check_held:
    la   t0, inodes + INODE_COUNT
    la   t1, inodes_end
    li   t2, INODE_RECORD
    li   a0, 8
    call 1f
    la   t0, files + FILE_COUNT
    la   t1, files_end
    li   t2, FILE_RECORD
    call 1f
    la   t0, pipes + PIPE_PAGE
    la   t1, pipes_end
    li   t2, PIPE_RECORD
    call 1f
    li   a0, 0
    power_off
1:  ld   t3, 0(t0)
    bnez t3, 3f
    add  t0, t0, t2
    bltu t0, t1, 1b
    ret
3:  power_off

become:
    sw   a0, PROC_FSUID(tp)
    sw   a0, PROC_UID(tp)
    sw   a1, PROC_FSGID(tp)
    sw   a1, PROC_GID(tp)
    seqz t0, a0
    neg  t0, t0                 # every capability for root
    sd   t0, PROC_CAPABILITIES(tp)
    li   a0, 0
    ret

unify:
    save ra
    ld   a1, 16(s0)
    sd   a1, 8(sp)
    call descriptor_file
    if_error a0, 1f
    ld   a0, FILE_INODE(a0)
    ld   a1, 8(sp)
    call inode_unify
1:  restore ra
    ret

stamp:
    save ra
    call descriptor_file
    if_error a0, 1f
    sd   a0, 8(sp)
    call log_begin
    ld   a0, 8(sp)
    ld   a0, FILE_INODE(a0)
    ld   t0, 16(s0)
    sw   t0, INODE_CONTEXT(a0)
    call inode_changed
    call log_end
1:  restore ra
    ret

# What the rest of the kernel has for the file system: all memory of the script is the caller's.
user_record:
    andi t0, a0, 7
    bnez t0, 2f
user_check:
    beqz a1, 1f
    la   t0, script
    bltu a0, t0, 2f
    add  a1, a1, a0
    bltu a1, a0, 2f
    la   t0, script_end
    bgtu a1, t0, 2f
1:  li   a0, 0
    ret
2:  li   a0, -EFAULT
    ret

user_string:
    la   t0, script
    bltu a0, t0, 2b
    la   t0, script_end
    mv   t2, a0
1:  bgeu a0, t0, 2b
    beqz a2, 3f
    lbu  t1, 0(a0)
    sb   t1, 0(a1)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    bnez t1, 1b
    sub  a0, a0, t2
    addi a0, a0, -1
    ret
3:  li   a0, -ENAMETOOLONG
    ret

sleep_on:
sleep_on_until:
    li   a0, -EINTR
wake_all:
signal_send:
frame_get:
frame_put:
    ret

frame_obtain:
frame_take:
frame_alloc:
    ld   a0, frames_fresh
    li   t0, PAGE_SIZE
    add  t0, t0, a0
    sd   t0, frames_fresh, t1
    ret

frames_left:
inode_runs:                     # there are no programs
proc_tell:
console_file_read:
console_file_write:
console_file_poll:
console_file_ioctl:
    li   a0, 0
    ret

.rodata
.balign 8
one_user: .word 1
.bss
.balign 64
stack:       .zero 4096
stack_end:
mounted:     .zero 8            # why not, if it is not 0
frames_fresh: .zero 8
.balign 64
.globl script
script:      .zero SCRIPT_SIZE
script_end:
.section .end, "aw", @nobits
.balign PAGE_SIZE
frames:                         # given one after another, and never again
