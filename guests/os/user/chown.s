# chown USER[:GROUP] PATH...: give a file to another; both are numbers, or names of /etc/passwd and /etc/group.

.include "os/user/lib/program.inc"
.include "os/user/lib/users.inc"

# s0 = left, s1 = the next, s2 = the user, s3 = the group, s4 = status
main:
    addi s0, a0, -2
    addi s1, a1, 16
    li   s4, 0
    blez s0, 9f
    li   s3, -1
    ld   a0, 8(a1)
    mv   s2, a0
    li   a1, ':'
    call string_find
    beqz a0, 1f
    sb   zero, 0(a0)
    addi a0, a0, 1
    la   a1, group_file
    call account_number
    bltz a0, 8f
    mv   s3, a0
1:  mv   a0, s2
    la   a1, passwd_file
    call account_number
    bltz a0, 8f
    mv   s2, a0
2:  li   a0, AT_FDCWD
    ld   a1, 0(s1)
    mv   a2, s2
    mv   a3, s3
    li   a4, 0
    system fchownat
    beqz a0, 3f
    mv   a1, a0
    ld   a0, 0(s1)
    call complain
    li   s4, 1
3:  addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 2b
    mv   a0, s4
    j    exit
8:  la   a0, nobody
    j    fail_usage
9:  usage "chown USER[:GROUP] PATH..."
.rodata
nobody: .asciz "there is no such user or group"
.text
