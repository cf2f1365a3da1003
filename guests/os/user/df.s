# df [PATH]: the disk's blocks and inodes, in all and free.

.include "os/user/lib/program.inc"

.bss
.balign 8
status: .zero STATFS_RECORD
.text

main:
    li   t0, 2
    bgtu a0, t0, 9f
    mv   t1, a0
    la   a0, root
    bltu t1, t0, 1f
    ld   a0, 8(a1)
1:  mv   s0, a0
    la   a1, status
    system statfs
    bnez a0, 8f
    la   a0, heading
    call out_string
    ld   s1, status + STATFS_BSIZE
    srli s1, s1, 10
    ld   a0, status + STATFS_BLOCKS
    mul  a0, a0, s1
    li   a1, 10
    call out_padded
    ld   a0, status + STATFS_BLOCKS
    ld   t0, status + STATFS_BFREE
    sub  a0, a0, t0
    mul  a0, a0, s1
    li   a1, 10
    call out_padded
    ld   a0, status + STATFS_BFREE
    mul  a0, a0, s1
    li   a1, 10
    call out_padded
    ld   a0, status + STATFS_FILES
    li   a1, 10
    call out_padded
    ld   a0, status + STATFS_FFREE
    li   a1, 10
    call out_padded
    li   a0, '\n'
    call out_byte
    li   a0, 0
    j    exit
8:  mv   a1, a0
    mv   a0, s0
    call complain
    li   a0, 1
    j    exit
9:  usage "df [PATH]"
.rodata
root:    .asciz "/"
heading: .asciz "       KiB      used      free    inodes      free\n"
.text
