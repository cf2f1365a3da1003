# The system call of a user program that its kernel answers with nothing.
# workload: a null system call
# operation: one syscall from user mode, the kernel's handler and the return
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

# s0 = operations, s1 = those the kernel has seen, s2 = those the program knows to be answered
.globl _start
_start:
    workload_begin image_end
    beqz s0, workload_done
    user_begin user_program, 1, on_trap
    li   s1, 0
    li   s2, 0
    trap_return

# Entered from user mode.
on_trap:
    addi s1, s1, 1
    bgtu s1, s0, finish         # the program has made its last call to say so
    skip_instruction
    trap_return

finish:
    cr_read t0, CAUSE
    li   t1, CAUSE_SYSCALL
    bne  t0, t1, workload_wrong
    bne  s2, s0, workload_wrong
    j    workload_done

.balign PAGE_SIZE
user_program:
    syscall
    addi s2, s2, 1
    j    user_program
.balign PAGE_SIZE

.bss
image_end:
