# init: the first process. It runs /etc/rc, then keeps a shell on the console; where the console's input has ended it shuts
# down with the last shell's status. So it does where shells, one after another, cannot be run or are ended by signals: a
# damaged disk has none.

.include "os/user/lib/program.inc"
.include "os/user/lib/wait.inc"

.equ FIONREAD,  0x541b
.equ TIOCSCTTY, 0x540e

.equ NO_PROGRAM, 126            # from here on a status is of one that was not run, or was ended by a signal
.equ FAILURES,   5              # such shells in succession are the last

# s0 = the shell's status, s1 = failures that are left
main:
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

# Run a shell with the script at a0, or 0 for one that reads the console; a0 = its status. s0 = the script
shell_run:
    save ra, s0
    mv   s0, a0
    fork
    bltz a0, 2f
    bnez a0, 1f
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
1:  mv   s0, a0
3:  li   a0, -1                 # processes whose parent has gone are init's: take what they leave, too
    addi a1, sp, 16
    li   a2, 0
    li   a3, 0
    system wait4
    bne  a0, s0, 3b
    lw   a0, 16(sp)
    call status_of
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
