# init [-c]: the first process. It runs /etc/rc, then keeps a shell on the console; where the console's input has ended it shuts
# down with the last shell's status. So it does where shells, one after another, cannot be run or are ended by signals: a
# damaged disk has none.
#
#   -c   of a context: no shell is kept; SIGTERM ends it, once all others have been asked to and have ended

.include "os/user/lib/program.inc"
.include "os/user/lib/wait.inc"

.equ NO_PROGRAM, 126            # from here on a status is of one that was not run, or was ended by a signal
.equ FAILURES,   5              # such shells in succession are the last

# s0 = the shell's status, s1 = failures that are left
main:
    li   t0, 1
    bne  a0, t0, contained
    la   a0, rc
    call shell_run
1:  li   s1, FAILURES
2:  li   a0, 0
    call shell_run
    mv   s0, a0
    call input_ended
    bnez a0, 3f
    li   t0, NO_PROGRAM
    blt  s0, t0, 1b
    addi s1, s1, -1
    bnez s1, 2b
    la   a0, no_shell
    call error_string
3:  mv   a0, s0
    call power_off_with

# A context's: nobody sits at its console. Signals come while it waits for them alone.
contained:
    li   a0, SIG_BLOCK
    la   a1, awaited
    li   a2, 0
    li   a3, 8
    system rt_sigprocmask
    .irp signal, TERM, CHLD
    li   a0, SIG\signal
    la   a1, action_\signal
    li   a2, 0
    li   a3, 8
    system rt_sigaction
    .endr
    la   a0, rc
    call shell_begin
1:  la   a0, nothing
    li   a1, 8
    system rt_sigsuspend
2:  li   a0, -1
    li   a1, 0
    li   a2, WNOHANG
    li   a3, 0
    system wait4
    bgtz a0, 2b
    ld   t0, end_asked
    beqz t0, 1b
    li   a0, -1                 # so that they can bring their work to an end
    li   a1, SIGTERM
    system kill
3:  li   a0, -1
    li   a1, 0
    li   a2, 0
    li   a3, 0
    system wait4
    bgtz a0, 3b
    li   a0, 0
    j    exit
handler_TERM:
    li   t0, 1
    sd   t0, end_asked, t1
handler_CHLD:
    ret
.rodata
.balign 8
awaited:     .dword 1 << (SIGTERM - 1) | 1 << (SIGCHLD - 1)
nothing:     .dword 0
action_TERM: .dword handler_TERM, 0, 0
action_CHLD: .dword handler_CHLD, 0, 0
.bss
.balign 8
end_asked:   .zero 8
.text

# Begin a shell with the script at a0, or 0 for one that reads the console; a0 = its process, or an error. s0 = the script
shell_begin:
    save ra, s0
    mv   s0, a0
    fork
    bnez a0, 1f
    li   a0, SIG_SETMASK
    la   a1, nothing
    li   a2, 0
    li   a3, 8
    system rt_sigprocmask
    system setsid               # keys that send signals are for it and for what it runs
    li   a0, 0
    li   a1, TIOCSCTTY
    li   a2, 0
    system ioctl
    la   a1, shell_arguments
    la   t0, shell
    sd   t0, 0(a1)
    sd   s0, 8(a1)
    mv   a0, t0
    la   a2, shell_environment
    la   t0, path
    sd   t0, 0(a2)
    la   t0, home
    sd   t0, 8(a2)
    la   t0, user
    sd   t0, 16(a2)
    la   t0, term
    sd   t0, 24(a2)
    system execve
    mv   a1, a0
    la   a0, shell
    call complain
    li   a0, 127
    system exit_group
1:  restore ra, s0
    ret

# The same, and wait for its end; a0 = its status. s0 = the process
shell_run:
    save ra, s0
    call shell_begin
    bltz a0, 2f
    mv   s0, a0
3:  li   a0, -1                 # processes whose parent has gone are init's: take what they leave, too
    addi a1, sp, 16
    li   a2, 0
    li   a3, 0
    system wait4
    bne  a0, s0, 3b
    lw   a0, 16(sp)
    call exit_status_of
2:  restore ra, s0
    ret

.rodata
shell: .asciz "/bin/sh"
rc:    .asciz "/etc/rc"
no_shell: .asciz "init: no shell runs here\n"
path:  .asciz "PATH=/bin"
home:  .asciz "HOME=/root"
user:  .asciz "USER=root"
term:  .asciz "TERM=ansi"
.bss
.balign 8
shell_arguments:   .zero 24
shell_environment: .zero 40
.text

# a0 = 1 if nothing more can come from the console.
input_ended:
    save ra
    li   a0, 0
    li   a1, FIONREAD
    addi a2, sp, 8
    system ioctl
    bltz a0, 2f
    lw   t0, 8(sp)
    li   a0, 0
    bnez t0, 3f
    li   a0, 0
    li   a1, F_SETFL
    li   a2, O_RDWR | O_NONBLOCK
    system fcntl
    li   a0, 0
    addi a1, sp, 8
    li   a2, 1
    system read
    seqz t0, a0
    sd   t0, 16(sp)
    li   a0, 0
    li   a1, F_SETFL
    li   a2, O_RDWR
    system fcntl
    ld   a0, 16(sp)
3:  restore ra
    ret
2:  li   a0, 1                  # it is no console
    j    3b
