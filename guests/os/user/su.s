# su [-] [USER [[-c] LINE]]: a shell as another user, root unless said, in his directory with -; only root may become somebody else.

.include "os/user/lib/program.inc"
.include "os/user/lib/users.inc"

.equ VARIABLES, 64              # of the environment, at most
.equ VALUE_ROOM, 128            # of one of these

.bss
.balign 8
shell_arguments: .zero 32
no_groups: .zero 8
variables: .zero 8 * (VARIABLES + 4)
user_variable: .zero VALUE_ROOM
home_variable: .zero VALUE_ROOM
.text

# s0 = arguments left, s1 = the next, s2 = the user, s3 = the group, s4 = 1: in his directory, s5 = his name
main:
    addi s0, a0, -1
    addi s1, a1, 8
    li   s2, 0
    li   s3, 0
    li   s4, 0
    la   s5, root_name
    beqz s0, 2f
    ld   a0, 0(s1)
    la   a1, dash
    call string_compare
    bnez a0, 1f
    li   s4, 1
    addi s0, s0, -1
    addi s1, s1, 8
    beqz s0, 2f
1:  ld   s5, 0(s1)
    addi s0, s0, -1
    addi s1, s1, 8
2:  mv   a0, s5
    la   a1, passwd_file
    call account_number
    bltz a0, 8f
    mv   s2, a0
    la   a1, passwd_file        # he may have been named by his number
    call account_of
    beqz a0, 3f
    mv   s5, a0
    la   a0, user_name
    la   a1, user_variable
    mv   a2, s5
    call variable_make
    mv   s5, a0
    mv   a0, s2
    call account_home
    mv   a2, a0
    la   a0, home_name
    la   a1, home_variable
    call variable_make
3:  mv   a0, s5
    la   a1, group_file
    call account_number
    mv   s3, a0
    bgez a0, 4f
    mv   s3, s2
4:  li   a0, 0
    la   a1, no_groups
    system setgroups
    mv   a0, s3
    system setgid
    bnez a0, 7f
    mv   a0, s2
    system setuid
    bnez a0, 7f
    beqz s4, 5f
    la   a0, home_variable + HOME_NAME
    system chdir
5:  call variables_make
    la   a1, shell_arguments
    la   a0, shell
    sd   a0, 0(a1)
    beqz s0, 6f
    la   t0, dash_c
    sd   t0, 8(a1)
    ld   t0, 0(s1)
    sd   t0, 16(a1)
    li   t1, 1
    beq  s0, t1, 6f
    lbu  t1, 0(t0)              # -c LINE
    addi t1, t1, -'-'
    bnez t1, 6f
    ld   t0, 8(s1)
    sd   t0, 16(a1)
6:  la   a0, shell
    la   a1, shell_arguments
    la   a2, variables
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

# Put NAME= (the string at a0) and the string at a2 to a1, as far as there is room; a0 = where the value begins. s0 = that
variable_make:
    save ra, s0
    sd   a2, 16(sp)
    mv   t0, a0
    mv   a0, a1
    mv   a1, t0
    call string_copy
    mv   s0, a0
    ld   a1, 16(sp)
    li   t1, VALUE_ROOM - 10
1:  lbu  t0, 0(a1)
    sb   t0, 0(a0)
    beqz t0, 2f
    addi a0, a0, 1
    addi a1, a1, 1
    addi t1, t1, -1
    bnez t1, 1b
    sb   zero, 0(a0)
2:  mv   a0, s0
    restore ra, s0
    ret

# variables = the environment, with what is known of the user in place of what it said. s0 = the next, s1 = where to, s2 = how many
variables_make:
    save ra, s0, s1, s2
    ld   s0, environment
    la   s1, variables
    li   s2, VARIABLES
1:  ld   a0, 0(s0)
    beqz a0, 4f
    beqz s2, 4f
    la   a1, user_name
    call begins
    bnez a0, 3f
    ld   a0, 0(s0)
    la   a1, home_name
    call begins
    bnez a0, 3f
    ld   a0, 0(s0)
    sd   a0, 0(s1)
    addi s1, s1, 8
    addi s2, s2, -1
3:  addi s0, s0, 8
    j    1b
4:  .irp variable, user_variable, home_variable
    la   t0, \variable
    lbu  t1, 0(t0)
    beqz t1, 5f
    sd   t0, 0(s1)
    addi s1, s1, 8
5:
    .endr
    sd   zero, 0(s1)
    restore ra, s0, s1, s2
    ret

# a0 = 1 if the string at a0 begins with the one at a1, else 0.
begins:
    lbu  t0, 0(a1)
    beqz t0, 1f
    lbu  t1, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    beq  t0, t1, begins
    li   a0, 0
    ret
1:  li   a0, 1
    ret

.rodata
shell:     .asciz "/bin/sh"
dash_c:    .asciz "-c"
dash:      .asciz "-"
root_name: .asciz "root"
user_name: .asciz "USER="
home_name: .asciz "HOME="
.equ HOME_NAME, 5
becoming:  .asciz "becoming another user"
nobody:    .asciz "there is no such user"
.text
