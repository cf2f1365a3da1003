# A process that makes a copy of itself and waits for its end, again and again, as a shell does.
# workload: a fork and the wait for the child
# operation: a space copied on write, a fault and a copied page in the parent, the wait, the child's own fault, its exit
# exit: 0

.equ WORKLOAD_OPERATIONS, 40000 # as Adams and Agesen had it
.include "workload.inc"

.equ PRIVATE_PAGES, 4           # from USER_DATA on: each process's own, shared until one of the two writes
.equ READ_ONLY, PTE_V | PTE_R | PTE_U
.equ WRITABLE,  READ_ONLY | PTE_W

# What the program wants of a syscall, in s4.
.equ CALL_FORK, 0               # go on twice: with s3 = 1 in the parent, and with s3 = 0 in the child once it waits
.equ CALL_WAIT, 1               # run the child, until it ends
.equ CALL_EXIT, 2               # the child's end, with its result in s6
.equ CALL_DONE, 3               # the program has waited for as many children as it should have

# Private page n: the parent's address at 16 * n, the child's behind it; the same while both share the page.
.bss
.balign 8
pages: .zero 16 * PRIVATE_PAGES
child_space: .zero SPACE_SIZE
.text

# Kernel: s0 = operations, s1 = children that have ended, s2 = where the book of pages has the address of the process
# that runs: 0 the parent's, 8 the child's, s7 = the space of that process, s9 = free pages before the first fork,
# s10 = where the child begins, s11 = where the parent waits
.globl _start
_start:
    workload_begin image_end
    beqz s0, workload_done
    user_begin user_program, 1, on_trap
    la   s8, pages
    li   s5, USER_DATA
    li   s6, USER_DATA + PRIVATE_PAGES * PAGE_SIZE
1:  call page_alloc             # in place of the one that user_begin has mapped, too
    beqz a0, workload_wrong
    sd   a0, 0(s8)
    addi s8, s8, 16
    mv   a2, a0
    la   a0, user_space
    mv   a1, s5
    li   a3, WRITABLE
    call space_map
    addi s5, s5, PAGE_SIZE
    bltu s5, s6, 1b
    space_commit
    forget_all
    la   t0, pages_free
    ld   s9, 0(t0)
    li   s1, 0
    li   s2, 0
    la   s7, user_space
    trap_return

# Entered from user mode.
on_trap:
    cr_read t0, CAUSE
    li   t1, CAUSE_STORE_PAGE_FAULT
    beq  t0, t1, on_write
    li   t1, CAUSE_SYSCALL
    bne  t0, t1, workload_wrong
    li   t0, CALL_WAIT
    beq  s4, t0, on_wait
    li   t0, CALL_EXIT
    beq  s4, t0, on_exit
    li   t0, CALL_DONE
    beq  s4, t0, finish

# A copy of the space: tables of its own, the same text, and the private pages, which neither may write any more.
on_fork:
    cr_read t0, EPC
    addi s10, t0, 4
    la   a0, child_space
    call space_create
    bnez a0, workload_wrong
    la   a0, child_space
    li   a1, USER_BASE
    la   a2, user_program
    li   a3, 1
    call user_text
    la   s8, pages
    li   s5, USER_DATA
1:  ld   t0, 0(s8)
    sd   t0, 8(s8)
    .irp space, user_space, child_space
    la   a0, \space
    mv   a1, s5
    ld   a2, 0(s8)
    li   a3, READ_ONLY
    call space_map
    .endr
    addi s8, s8, 16
    li   t0, PAGE_SIZE
    add  s5, s5, t0
    li   t0, USER_DATA + PRIVATE_PAGES * PAGE_SIZE
    bltu s5, t0, 1b
    space_commit
    forget_all
    li   s3, 1
    skip_instruction
    trap_return

on_wait:
    cr_read t0, EPC
    addi s11, t0, 4
    li   s2, 8
    la   s7, child_space
    mv   a0, s7
    call space_switch
    li   s3, 0
    mv   s5, s10
    j    go_on

# Take the child down, its page tables too, and go on behind the parent's wait with its result.
on_exit:
    la   a0, user_space
    call space_switch
    la   a0, child_space
    call space_destroy
    la   s8, pages
    li   s5, PRIVATE_PAGES
1:  ld   t0, 0(s8)
    ld   a0, 8(s8)
    beq  a0, t0, 2f             # shared to the end
    call page_free
2:  addi s8, s8, 16
    addi s5, s5, -1
    bnez s5, 1b
    addi s1, s1, 1
    li   s2, 0
    la   s7, user_space
    mv   s5, s11

# Let the process that the current space is of go on at s5.
go_on:
    cr_write EPC, s5
    li   t0, STATUS_PMODE
    cr_write STATUS, t0
    trap_return

# A store into a private page that the process may not write: a copy of it, or the page itself if nobody else has it.
on_write:
    cr_read s5, TVAL
    srli s5, s5, PAGE_SHIFT
    slli s5, s5, PAGE_SHIFT
    li   t0, USER_DATA
    sub  t0, s5, t0
    srli t0, t0, PAGE_SHIFT
    sltiu t1, t0, PRIVATE_PAGES
    beqz t1, workload_wrong
    slli t0, t0, 4
    la   s8, pages
    add  s8, s8, t0
    ld   t0, 0(s8)
    ld   t1, 8(s8)
    bne  t0, t1, 1f
    call page_alloc
    beqz a0, workload_wrong
    ld   a1, 0(s8)
    call copy_page
    add  t0, s8, s2
    sd   a0, 0(t0)
1:  add  t0, s8, s2
    ld   a2, 0(t0)
    mv   a0, s7
    mv   a1, s5
    li   a3, WRITABLE
    call space_map_now
    mv   a0, s5
    forget_page
    trap_return

# Copy the page at a1 to that at a0; changes a1, t0-t2. Called by on_write.
copy_page:
    li   t2, PAGE_SIZE
    add  t2, t2, a0
    mv   t1, a0
1:
    .irp offset, 0, 8, 16, 24, 32, 40, 48, 56
    ld   t0, \offset(a1)
    sd   t0, \offset(t1)
    .endr
    addi a1, a1, 64
    addi t1, t1, 64
    bltu t1, t2, 1b
    ret

finish:
    bne  s1, s0, workload_wrong
    la   t0, pages_free         # the parent has a page for each that it gave up
    ld   t0, 0(t0)
    bne  t0, s9, workload_wrong
    j    workload_done

# The number of the child stands in the parent's page, and the child answers with its double.
.balign PAGE_SIZE
user_program:
    li   t3, USER_DATA
    li   s4, CALL_FORK
    syscall
    li   t3, USER_DATA
    beqz s3, child
    ld   t4, 0(t3)
    addi t4, t4, 1
    sd   t4, 0(t3)
    li   s4, CALL_WAIT
    syscall
    li   t3, USER_DATA
    ld   t4, 0(t3)
    slli t5, t4, 1
    addi t5, t5, -2             # the child was made before the parent counted it
    bne  s6, t5, broken
    bne  t4, s0, user_program
    li   s4, CALL_DONE
    syscall
broken:
    break
child:
    ld   s6, 0(t3)
    slli s6, s6, 1
    sd   s6, 0(t3)
    li   s4, CALL_EXIT
    syscall
.balign PAGE_SIZE

.bss
image_end:
