# Two processes in address spaces of their own that hand the processor to one another, each touching a page of its own.
# workload: a switch between two address spaces
# operation: one load and store in user mode, the syscall, the kernel's switch to the other space, and the return
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

# s0 = operations, s1 = those done, s2 = the space that runs, s3 = the other
.globl _start
_start:
    workload_begin image_end
    beqz s0, workload_done
    user_begin user_program, 1, on_trap
    la   a0, other_space
    call user_half
    la   a0, other_space
    li   a1, USER_BASE
    la   a2, user_program
    li   a3, 1
    call user_text
    li   s1, 0
    la   s2, user_space
    la   s3, other_space
    trap_return

# Entered from user mode: switch to the other space, and there to behind the syscall, which is at the same place.
on_trap:
    addi s1, s1, 1
    beq  s1, s0, finish
    mv   a0, s3
    mv   s3, s2
    mv   s2, a0
    call space_switch
    skip_instruction
    trap_return

# The pages must have been counted up in turns. The current space's page is at USER_DATA; a kernel may look there.
finish:
    cr_read t0, CAUSE
    li   t1, CAUSE_SYSCALL
    bne  t0, t1, workload_wrong
    li   t0, USER_DATA
    ld   s6, 0(t0)
    mv   a0, s3
    call space_switch
    li   t0, USER_DATA
    ld   s7, 0(t0)
    add  t0, s6, s7
    bne  t0, s0, workload_wrong
    sub  t0, s6, s7             # 0 or 1: the first has the first turn
    sltiu t0, t0, 2
    beqz t0, workload_wrong
    j    workload_done

.balign PAGE_SIZE
user_program:
    li   s8, USER_DATA
1:  ld   t2, 0(s8)
    addi t2, t2, 1
    sd   t2, 0(s8)
    syscall
    j    1b
.balign PAGE_SIZE

.bss
.balign 8
other_space: .zero SPACE_SIZE
image_end:
