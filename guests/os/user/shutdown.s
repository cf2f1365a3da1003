# shutdown [STATUS]: switch the machine off; the command that runs it ends with STATUS, 0 unless given.

.include "os/user/lib/program.inc"
.include "os/user/lib/wait.inc"

main:
    addi t0, a0, -1
    li   a0, 0
    beqz t0, 1f
    ld   a0, 8(a1)
    call string_number
    bnez a1, 2f
1:  call power_off_with
    mv   a1, a0
    la   a0, shutting_down
    call complain
    li   a0, 1
    j    exit
2:  usage "shutdown [STATUS]"
.rodata
shutting_down: .asciz "switching off"
