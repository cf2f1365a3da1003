# The timer takes the processor from a user program that jumps to itself, and finds it there.
# exit: 0

.include "behaviour.inc"

.equ TEXT_RIGHTS, PTE_V | PTE_R | PTE_X | PTE_U

.globl _start
_start:
    begin_paging
    la   a0, space
    li   a1, USER_BASE
    la   a2, user_text
    li   a3, TEXT_RIGHTS
    call space_map
    space_commit
    li   t0, IRQ_TIMER
    cr_write IMASK, t0
    li   s2, 3                  # times
again:
    time_read a0
    addi a0, a0, 2000
    timer_set
    li   s3, 0
    li   s8, 0
    la   s11, back
    li   t0, USER_BASE
    cr_write EPC, t0
    li   t0, STATUS_PMODE | STATUS_PIE
    cr_write STATUS, t0
    trap_return
back:
    check s8, CAUSE_TIMER
    check s3, 77
    check s10, USER_BASE + 4    # the jump to itself, which has run many times
    addi s2, s2, -1
    bnez s2, again
    done

.balign PAGE_SIZE
user_text:
    li   s3, 77
1:  j    1b
.balign PAGE_SIZE
.bss
image_end:
