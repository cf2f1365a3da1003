# A context without limits takes every process, file and pipe that it can get: the host can still make its own, and stops it.
.include "checking.inc"
.include "os/include/contexts.inc"

.equ MORE, 8                    # processes of the host's afterwards

begin
    li   a0, AT_FDCWD
    la   a1, root
    li   a2, 0755
    system mkdirat
    la   a0, root
    li   a1, O_RDONLY | O_DIRECTORY
    li   a2, 0
    open
    mv   a1, a0
    li   a0, CONTEXT_CREATE
    la   a2, root
    system context
    expect a0, 1, "CREATE"
    fork
    beqz a0, inside
    mv   s1, a0
    nap  200000000
    li   s2, MORE
1:  fork
    beqz a0, 4f
    slti t1, a0, 0
    expect t1, 0, "no process for the host"
    addi s2, s2, -1
    bnez s2, 1b
    addi a0, sp, 512
    li   a1, 0
    system pipe2
    expect a0, 0, "pipe"
    li   a0, CONTEXT_STOP
    li   a1, 1
    system context
    expect a0, 0, "STOP"
    wait_for s1
    expect t1, SIGKILL, "its init's status"
    li   s2, MORE
2:  wait_any
    addi s2, s2, -1
    bnez s2, 2b
    li   a0, CONTEXT_WAIT
    li   a1, 1
    system context
    expect a0, SIGKILL, "WAIT"
    li   a0, CONTEXT_DESTROY
    li   a1, 1
    system context
    expect a0, 0, "DESTROY"
    finish
4:  nap  1000000000
    li   a0, 0
    system exit

# Fork as long as there is a process; each then takes all pipes that there are.
inside:
    li   a0, CONTEXT_ENTER
    li   a1, 1
    li   a2, 0
    system context
3:  fork
    bltz a0, 5f
    bnez a0, 3b
5:  addi a0, sp, 512
    li   a1, 0
    system pipe2
    bgez a0, 5b
6:  nap  1000000000000
    j    6b

.rodata
root: .asciz "/c"
