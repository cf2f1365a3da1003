# crowd COUNT N: have the contexts c1, c2 ... of /ctx serve N requests each, all at once, COUNT of them, each by the one process that is
# its init; when all have ended the machine is switched off, with 0 if all were served.

.include "os/user/lib/program.inc"
.include "os/user/lib/wait.inc"
.include "os/include/contexts.inc"

# s0 = contexts left, s1 = the last one's number in its name, s2 = 0 or what went wrong, s3 = its descriptor, s4 = its number
main:
    li   t0, 3
    bne  a0, t0, 9f
    ld   t0, 16(a1)
    sd   t0, words + 8, t1
    ld   a0, 8(a1)
    call string_number
    bnez a1, 9f
    mv   s0, a0
    li   s1, 0
    li   s2, 0
1:  beq  s1, s0, 4f
    addi s1, s1, 1
    call name_next
    la   a0, path
    li   a1, O_RDONLY
    open
    bltz a0, 8f
    mv   s3, a0
    mv   a1, a0
    li   a0, CONTEXT_CREATE
    la   a2, name
    system context
    bltz a0, 8f
    mv   s4, a0
    mv   a0, s3
    system close
    fork
    bltz a0, 8f
    bnez a0, 1b
    li   a0, CONTEXT_ENTER
    mv   a1, s4
    li   a2, 0
    system context
    bnez a0, 3f
    ld   a0, words
    la   a1, words
    ld   a2, environment
    system execve
3:  li   a0, 1
    system exit_group
4:  beqz s0, 5f
    li   a0, -1
    addi a1, sp, -16
    li   a2, 0
    li   a3, 0
    system wait4
    bltz a0, 8f
    lw   t0, -16(sp)
    or   s2, s2, t0
    addi s0, s0, -1
    j    4b
5:  snez a0, s2
    call power_off_with
8:  li   a0, 2
    call power_off_with
9:  usage "crowd COUNT N"

# Have name and path say number s1, in three digits. Called by main.
name_next:
    la   t0, digits + 2
    la   t1, name + 3
    mv   t2, s1
    li   t3, 10
    li   t5, 3
1:  remu t4, t2, t3
    divu t2, t2, t3
    addi t4, t4, '0'
    sb   t4, 0(t0)
    sb   t4, 0(t1)
    addi t0, t0, -1
    addi t1, t1, -1
    addi t5, t5, -1
    bnez t5, 1b
    ret

.rodata
serve: .asciz "/bin/serve"
.data
path:   .ascii "/ctx/c"
digits: .asciz "000/root"
name:   .asciz "c000"
.balign 8
words:  .dword serve, 0, 0
