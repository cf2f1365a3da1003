# su [USER [COMMAND]]: a shell as another user, root unless said; only root may become somebody else.

.include "os/user/lib/program.inc"
.include "os/user/lib/users.inc"

# s0 = arguments, s1 = where they are, s2 = the user, s3 = the group
main:
    mv   s0, a0
    mv   s1, a1
    li   s2, 0
    li   s3, 0
    li   t0, 1
    beq  s0, t0, 1f
    ld   a0, 8(s1)
    la   a1, passwd_file
    call account_number
    bltz a0, 8f
    mv   s2, a0
    ld   a0, 8(s1)
    la   a1, group_file
    call account_number
    mv   s3, a0
    bgez a0, 1f
    mv   s3, s2
1:  li   a0, 0
    la   a1, no_groups
    system setgroups
    mv   a0, s3
    system setgid
    bnez a0, 7f
    mv   a0, s2
    system setuid
    bnez a0, 7f
    la   a1, shell_arguments
    la   a0, shell
    sd   a0, 0(a1)
    li   t0, 3
    bltu s0, t0, 2f
    la   t0, dash_c
    sd   t0, 8(a1)
    ld   t0, 16(s1)
    sd   t0, 16(a1)
2:  ld   a2, environment
    system execve
    mv   a1, a0
    la   a0, shell
    call complain
    li   a0, 126
    j    exit
7:  mv   a1, a0
    la   a0, becoming
    call complain
    li   a0, 1
    j    exit
8:  la   a0, nobody
    j    fail_usage
.rodata
shell:    .asciz "/bin/sh"
dash_c:   .asciz "-c"
becoming: .asciz "becoming another user"
nobody:   .asciz "there is no such user"
.bss
.balign 8
shell_arguments: .zero 32
no_groups: .zero 8
.text
