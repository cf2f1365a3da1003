# referee GOOD BAD N WHAT...: run serve N in the context GOOD, and WHAT in the context BAD beside it; when the first has ended, the
# machine is switched off, with its status. No process is made for that: there may be none left.

.include "os/user/lib/program.inc"
.include "os/user/lib/wait.inc"

.equ WORDS, 8                   # of WHAT, at most

# s0 = words of WHAT, s1 = where the words are, s2 = the child that serves
main:
    addi s0, a0, -4
    mv   s1, a1
    blez s0, 9f
    li   t0, WORDS
    bgtu s0, t0, 9f
    ld   t0, 8(s1)
    sd   t0, good + 16, t1
    ld   t0, 24(s1)
    sd   t0, good + 32, t1
    ld   t0, 16(s1)
    sd   t0, bad + 16, t1
    la   t1, bad + 24
    addi t2, s1, 32
1:  ld   t0, 0(t2)
    sd   t0, 0(t1)
    addi t1, t1, 8
    addi t2, t2, 8
    addi s0, s0, -1
    bnez s0, 1b
    la   a0, good
    call begin
    mv   s2, a0
    la   a0, bad
    call begin
    mv   a0, s2
    call wait_for
    call power_off_with
9:  usage "referee GOOD BAD N WHAT..."

# a0 = a child that runs the words at a0. s0 = these
begin:
    save ra, s0
    mv   s0, a0
    fork
    beqz a0, 1f
    restore ra, s0
    ret
1:  ld   a0, 0(s0)
    mv   a1, s0
    ld   a2, environment
    system execve
    li   a0, 127
    system exit_group

.rodata
ctx:   .asciz "/bin/ctx"
exec:  .asciz "exec"
serve: .asciz "/bin/serve"
.data
.balign 8
good:  .dword ctx, exec, 0, serve, 0, 0
bad:   .dword ctx, exec, 0
    .zero 8 * (WORDS + 1)
