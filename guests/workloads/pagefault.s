# The fault of a user program on a page that its kernel then maps.
# workload: a page fault
# operation: one user load from an unmapped page, which the kernel maps, and the return; all are unmapped once in 256
# period: 256
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

.equ FAULT_PAGES, 256
.equ FAULT_BASE,  USER_BASE + 0x10000     # behind the text
.equ MAPPED, PTE_V | PTE_R | PTE_U

.if FAULT_BASE + FAULT_PAGES * PAGE_SIZE > USER_DATA
.error "the pages to fault on do not fit"
.endif

# s0 = operations, s1 = those the kernel has seen, s2 = those the program knows to be mapped, s3 = its next address,
# s4 = address of the page that all addresses are mapped to
.globl _start
_start:
    workload_begin image_end
    beqz s0, workload_done
    user_begin user_program, 1, on_trap
    call page_alloc
    mv   s4, a0
    li   s1, 0
    li   s2, 0
    trap_return

# Entered from user mode: a fault, or the program's wish to begin anew with all pages unmapped, or to end.
on_trap:
    cr_read t0, CAUSE
    li   t1, CAUSE_LOAD_PAGE_FAULT
    bne  t0, t1, no_fault
    addi s1, s1, 1
    cr_read a1, TVAL
    la   a0, user_space
    mv   a2, s4
    li   a3, MAPPED
    call space_map_now
    trap_return

no_fault:
    li   t1, CAUSE_SYSCALL
    bne  t0, t1, workload_wrong
    beq  s2, s0, finish
    li   s5, FAULT_BASE
    li   s6, FAULT_BASE + FAULT_PAGES * PAGE_SIZE
1:  la   a0, user_space
    mv   a1, s5
    li   a3, 0
    call space_map
    addi s5, s5, PAGE_SIZE
    bltu s5, s6, 1b
    space_commit
    forget_all
    skip_instruction
    trap_return

finish:
    bne  s1, s0, workload_wrong
    j    workload_done

.balign PAGE_SIZE
user_program:
    li   s3, FAULT_BASE
    li   s7, FAULT_BASE + FAULT_PAGES * PAGE_SIZE
1:  ld   t3, 0(s3)
    addi s2, s2, 1
    beq  s2, s0, 2f
    addi s3, s3, PAGE_SIZE
    bltu s3, s7, 1b
    syscall
    j    user_program
2:  syscall
.balign PAGE_SIZE

.bss
image_end:
