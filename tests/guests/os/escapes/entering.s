# Who enters is killed before it has become a program of the context's.
# case: CVE-2019-5736: runc, entering, was overwritten through /proc/self/exe
# plant: PLANT_ENTERING

.include "escape.inc"

.equ outside, nothing

.bss
.balign 8
killed: .zero 8                 # the status of who entered, if a signal ended it
.text
# Everybody whom init within can see is killed, again and again.
inside:
    save ra, s1
    li   s1, 3000
1:  li   a0, -1
    li   a1, SIGKILL
    system kill
    system sched_yield
    addi s1, s1, -1
    bnez s1, 1b
    li   a0, 0
    restore ra, s1
    ret
# Another one enters, and takes its time.
meanwhile:
    save ra, s1
    li   s1, 4
1:  system sched_yield
    addi s1, s1, -1
    bnez s1, 1b
    fork
    bnez a0, 3f
    mv   a1, s0
    li   a2, 0
    context ENTER, "enter"
    li   s1, 20
2:  system sched_yield
    addi s1, s1, -1
    bnez s1, 2b
    li   a0, 0
    system exit_group
3:  la   a1, killed
    li   a2, 0
    li   a3, 0
    must wait4, "wait4 of who entered"
    restore ra, s1
    ret
after:
    lwu  a0, killed
    andi a0, a0, 0x7f
    snez a0, a0
    ret
