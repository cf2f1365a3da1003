# setsid PATH [ARGUMENT...]: run a program in a session of its own, which has the console, and end as it does.
#
# Keys that send signals are for that program then, and for nobody else. Ctrl-Z is ignored: nobody could continue it.

.include "os/user/lib/program.inc"
.include "os/user/lib/wait.inc"

# s0 = where the arguments are, s1 = the program
main:
    addi t0, a0, -2
    addi s0, a1, 8
    bltz t0, 9f
    fork
    mv   s1, a0
    bltz a0, 8f
    beqz a0, 5f
    call wait_for
    addi s1, a0, -128
    blez s1, 1f
    system getpid               # the same signal: who waits is told of it
    mv   a1, s1
    system kill
    addi a0, s1, 128
1:  j    exit
5:  system setsid
    li   a0, 0
    li   a1, TIOCSCTTY
    li   a2, 0
    system ioctl
    addi sp, sp, -SIGACTION_ROOM
    li   t0, SIG_IGN
    sd   t0, SIGACTION_HANDLER(sp)
    sd   zero, SIGACTION_FLAGS(sp)
    sd   zero, SIGACTION_MASK(sp)
    li   a0, SIGTSTP
    mv   a1, sp
    li   a2, 0
    li   a3, 8
    system rt_sigaction
    ld   a0, 0(s0)
    mv   a1, s0
    ld   a2, environment
    system execve
    mv   s1, a0
8:  mv   a1, s1
    ld   a0, 0(s0)
    call complain
    li   a0, 126
    j    exit
9:  usage "setsid PATH [ARGUMENT...]"
.equ SIGACTION_ROOM, 32
