# An exception of a user program that its kernel skips, as the divzero of Adams and Agesen; a division does not trap
# here.
# workload: an exception of a user program
# operation: one illegal instruction in user mode, the kernel's handler, which skips it, and the return
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

# s0 = operations, s1 = those the kernel has seen, s2 = those the program knows to be skipped
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
    bgtu s1, s0, finish
    skip_instruction
    trap_return

finish:
    cr_read t0, CAUSE
    li   t1, CAUSE_ILLEGAL_INSTRUCTION
    bne  t0, t1, workload_wrong
    bne  s2, s0, workload_wrong
    j    workload_done

.balign PAGE_SIZE
user_program:
    .word 0
    addi s2, s2, 1
    j    user_program
.balign PAGE_SIZE

.bss
image_end:
