# Signals: sent, blocked, ignored, handled; what ends, stops and continues a process.
.include "checking.inc"

.macro send signal
    system getpid
    li   a1, \signal
    system kill
.endm

.macro mask how, signals
    li   t0, \signals
    sd   t0, 0(sp)
    li   a0, \how
    mv   a1, sp
    li   a2, 0
    li   a3, 8
    system rt_sigprocmask
.endm

.macro dies how, signal
    fork
    bnez a0, .Lparent_\@
    \how
    system exit
.Lparent_\@:
    wait_for a0
    expect t1, \signal, "\how"
.endm
.macro illegal
    unimp
.endm
.macro breaks
    break
.endm
.macro privileged
    crr  t0, CR_STATUS
.endm
.macro misaligned
    lw   t0, 1(sp)
.endm
.macro jumps
    jr   sp
.endm

begin
    la   s0, hits
    la   t0, handler
    action SIGUSR1, 0
    expect a0, 0, "rt_sigaction"
    li   s6, 66
    li   t5, 55
    send SIGUSR1
    expect a0, 0, "kill"
    expect t5, 55, "a t-register through a handler"
    expect s6, 66, "an s-register through a handler"
    ld   t1, 0(s0)
    expect t1, SIGUSR1, "the handler's signal"
    ld   t1, 8(s0)
    expect t1, SIGUSR1, "the signal in its struct siginfo"

    sd   zero, 0(s0)            # blocked until it is not
    mask SIG_BLOCK, 1 << (SIGUSR1 - 1)
    send SIGUSR1
    ld   t1, 0(s0)
    expect t1, 0, "a blocked signal"
    addi a0, sp, 64
    li   a1, 8
    system rt_sigpending
    ld   t1, 64(sp)
    expect t1, 1 << (SIGUSR1 - 1), "what is pending"
    mask SIG_UNBLOCK, 1 << (SIGUSR1 - 1)
    expect a0, 0, "rt_sigprocmask"
    ld   t1, 0(s0)
    expect t1, SIGUSR1, "a signal that is not blocked any more"

    li   t0, SIG_IGN            # ignored
    action SIGUSR1, 0
    sd   zero, 0(s0)
    send SIGUSR1
    expect a0, 0, "kill with an ignored signal"
    li   t0, SIG_DFL
    action SIGUSR1, 0
    send SIGTERM                # init is not touched by what it has no handler for
    li   t0, SIG_IGN
    action SIGKILL, 0
    expect a0, -EINVAL, "rt_sigaction of SIGKILL"
    li   t0, SIG_IGN
    action 65, 0
    expect a0, -EINVAL, "rt_sigaction of signal 65"
    system getpid
    li   a1, 65
    system kill
    expect a0, -EINVAL, "kill with signal 65"
    li   a0, 999
    li   a1, 0
    system kill
    expect a0, -ESRCH, "kill of nobody"

    fork                        # one that is ended by a signal while it sleeps
    beqz a0, sleeping
    mv   s1, a0
    nap  100000
    mv   a0, s1
    li   a1, SIGTERM
    system kill
    wait_for s1
    expect t1, SIGTERM, "the status of who was ended"

    fork                        # stopped, continued, ended
    beqz a0, spinning
    mv   s1, a0
    li   a1, SIGSTOP
    system kill
    mv   a0, s1
    mv   a1, sp
    li   a2, WUNTRACED
    li   a3, 0
    system wait4
    lw   t1, 0(sp)
    expect t1, SIGSTOP << 8 | 0x7f, "the status of who was stopped"
    mv   a0, s1
    mv   a1, sp
    li   a2, WUNTRACED | WNOHANG
    li   a3, 0
    system wait4
    expect a0, 0, "a stop that was told"
    mv   a0, s1
    li   a1, SIGCONT
    system kill
    mv   a0, s1
    mv   a1, sp
    li   a2, WCONTINUED
    li   a3, 0
    system wait4
    lwu  t1, 0(sp)
    expect t1, 0xffff, "the status of who was continued"
    mv   a0, s1
    li   a1, SIGSTOP
    system kill
    mv   a0, s1
    li   a1, SIGKILL
    system kill
    wait_for s1
    expect t1, SIGKILL, "a stopped one, killed"

    fork                        # a handler wakes a sleeper: EINTR
    bnez a0, 1f
    la   t0, handler
    action SIGUSR1, 0
    nap  1000000000
    sub  a0, zero, a0
    system exit
1:  mv   s1, a0
    nap  100000
    mv   a0, s1
    li   a1, SIGUSR1
    system kill
    wait_for s1
    expect t1, EINTR << 8, "nanosleep with a handler"

    fork                        # but a read with SA_RESTART goes on: wait4 here
    bnez a0, 1f
    la   t0, handler
    action SIGUSR1, SA_RESTART
    fork
    beqz a0, 2f
    wait_for a0
    srli a0, t1, 8
    system exit
2:  system getppid
    li   a1, SIGUSR1
    system kill
    nap  100000
    li   a0, 5
    system exit
1:  wait_for a0
    expect t1, 5 << 8, "wait4 that is made again"

    fork                        # a stop and its end do not show in a call
    bnez a0, 1f
    nap  1000000
    sub  a0, zero, a0
    system exit
1:  mv   s1, a0
    nap  100000
    mv   a0, s1
    li   a1, SIGSTOP
    system kill
    nap  100000
    mv   a0, s1
    li   a1, SIGCONT
    system kill
    wait_for s1
    expect t1, 0, "nanosleep of who was stopped and continued"

    la   t0, handler            # exceptions
    action SIGSEGV, SA_RESETHAND
    fork
    bnez a0, 1f
    ld   t0, 0(zero)            # the handler runs, returns, and it happens again
    system exit
1:  wait_for a0
    expect t1, SIGSEGV, "a fault again behind its handler"
    dies illegal, SIGILL
    dies breaks, SIGTRAP
    dies privileged, SIGILL
    dies misaligned, SIGBUS
    dies jumps, SIGSEGV

    la   t0, handler            # a child's end is told; sigsuspend waits for it
    action SIGCHLD, 0
    mask SIG_BLOCK, 1 << (SIGCHLD - 1)
    sd   zero, 0(s0)
    fork
    beqz a0, leaving
    sd   zero, 0(sp)
    mv   a0, sp
    li   a1, 8
    system rt_sigsuspend
    expect a0, -EINTR, "rt_sigsuspend"
    ld   t1, 0(s0)
    expect t1, SIGCHLD, "a child's end"
    addi a2, sp, 64
    li   a0, SIG_BLOCK
    li   a1, 0
    li   a3, 8
    system rt_sigprocmask
    ld   t1, 64(sp)
    expect t1, 1 << (SIGCHLD - 1), "the mask behind rt_sigsuspend"
    wait_any
    li   t0, SIG_IGN            # who does not want to know need not wait
    action SIGCHLD, 0
    fork
    beqz a0, leaving
    wait_any
    expect a0, -ECHILD, "wait4 of who ignores its children"
    finish

leaving:
    li   a0, 0
    system exit
sleeping:
    nap  1000000000000
spinning:
    j    spinning

handler:
    la   t0, hits
    sd   a0, 0(t0)
    lw   t1, 0(a1)
    sd   t1, 8(t0)
    li   s6, 0
    li   t5, 0
    ret
.bss
.balign 8
hits: .zero 16
