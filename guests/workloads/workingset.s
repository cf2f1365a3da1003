# Loads from one page after another: as many pages as a TLB has entries, or more.
# workload: loads from a working set of pages in turn
# operation: one load from the next of `pages` pages, in user mode
# sweep: pages
# period: 128
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.equ WORKING_SET, USER_BASE + 0x10000   # behind the text
.equ PAGES_MAXIMUM, 448
.include "workload.inc"

.data
.balign 8
.globl pages
pages: .dword 128
.text

# s0 = operations, s1 = those done, s2 = where the working set begins, s3 = where it ends, s4 = the size of a page,
# s5 = the sum of what was loaded, which is in each page its number
.globl _start
_start:
    workload_begin image_end
    la   t0, pages
    ld   s3, 0(t0)
    beqz s3, workload_wrong
    li   t0, PAGES_MAXIMUM
    bgtu s3, t0, workload_wrong
    user_begin user_program, 1, on_trap
    li   s1, 0
1:  mv   a0, s1
    call add_page
    addi s1, s1, 1
    bne  s1, s3, 1b
    space_commit
    li   s1, 0
    li   s2, WORKING_SET
    li   s4, PAGE_SIZE
    mul  s3, s3, s4
    add  s3, s3, s2
    li   s5, 0
    trap_return

# Give the user half the page of number a0, which holds that. Called by _start.
add_page:
    save ra, s1, s2
    mv   s1, a0
    call page_alloc
    beqz a0, workload_wrong
    mv   s2, a0
    sd   s1, 0(s2)
    slli a1, s1, 12
    li   t0, WORKING_SET
    add  a1, a1, t0
    la   a0, user_space
    mv   a2, s2
    li   a3, PTE_V | PTE_R | PTE_U
    call space_map
    restore ra, s1, s2
    ret

# Entered from user mode: all is done. The sum is that of whole rounds, and of the one that was begun.
on_trap:
    cr_read t0, CAUSE
    li   t1, CAUSE_SYSCALL
    bne  t0, t1, workload_wrong
    la   t0, pages
    ld   t0, 0(t0)
    divu t1, s0, t0             # rounds
    remu t2, s0, t0
    addi t3, t0, -1
    mul  t3, t3, t0
    srli t3, t3, 1
    mul  t3, t3, t1
    addi t4, t2, -1
    mul  t4, t4, t2
    srli t4, t4, 1
    add  t3, t3, t4
    bne  s5, t3, workload_wrong
    j    workload_done

.balign PAGE_SIZE
user_program:
    mv   t0, s2
    beq  s1, s0, 3f
1:  ld   t1, 0(t0)
    add  s5, s5, t1
    addi s1, s1, 1
    add  t0, t0, s4
    bne  t0, s3, 2f
    mv   t0, s2
2:  bne  s1, s0, 1b
3:  syscall
.balign PAGE_SIZE

.bss
image_end:
