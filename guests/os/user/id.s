# id: who one is.

.include "os/user/lib/program.inc"
.include "os/user/lib/users.inc"

main:
    takes_nothing id
    out  "uid="
    system geteuid
    la   a1, passwd_file
    call account_print
    out  " gid="
    system getegid
    la   a1, group_file
    call account_print
    li   a0, '\n'
    call out_byte
    li   a0, 0
    j    exit

# Print the number a0, and its name in the file at path a1. s0 = the number
account_print:
    save ra, s0
    mv   s0, a0
    sd   a1, 16(sp)
    call out_number
    mv   a0, s0
    ld   a1, 16(sp)
    call account_of
    beqz a0, 1f
    mv   s0, a0
    li   a0, '('
    call out_byte
    mv   a0, s0
    call out_string
    li   a0, ')'
    call out_byte
1:  restore ra, s0
    ret
