# Computing, and nothing else: the part of a program that no technique should slow down.
# workload: computing in user mode, paging on
# operation: one round of a sieve, a CRC, a matrix product, a sort, decimal text with a hash, and recursion
# exit: 0
#
# Only innocuous instructions, no kernel entry before the end. Each round computes the same, checked against CHECKSUM.

.equ WORKLOAD_OPERATIONS, 10
.include "workload.inc"

# The program's memory, from USER_DATA on: the buffers, and its stack.
.equ DATA_PAGES,  4
.equ STACK_TOP,   USER_DATA + DATA_PAGES * PAGE_SIZE

# s0 = operations, s1 = those done
.globl _start
_start:
    workload_begin image_end
    user_begin user_program, 1, on_trap
    li   s2, USER_DATA + PAGE_SIZE
1:  call page_alloc
    beqz a0, workload_wrong
    mv   a2, a0
    la   a0, user_space
    mv   a1, s2
    li   a3, PTE_V | PTE_R | PTE_W | PTE_U
    call space_map
    addi s2, s2, PAGE_SIZE
    li   t0, STACK_TOP
    bltu s2, t0, 1b
    space_commit
    li   s1, 0
    trap_return

# Entered from user mode, at the end.
on_trap:
    cr_read t0, CAUSE
    li   t1, CAUSE_SYSCALL
    bne  t0, t1, workload_wrong
    bne  s1, s0, workload_wrong
    j    workload_done

.balign PAGE_SIZE
user_program:
    j    rounds

.include "lib/computing.inc"

rounds:
    li   sp, STACK_TOP
    li   s2, USER_DATA
    li   s4, CHECKSUM
1:  beq  s1, s0, 2f
    jal  ra, round
    bne  s3, s4, 2f
    addi s1, s1, 1
    j    1b
2:  syscall
.balign PAGE_SIZE

.bss
image_end:
