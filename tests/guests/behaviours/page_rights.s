# Each kind of access needs its own right, and no other: execute-only and write-only pages exist.
# exit: 0

.include "behaviour.inc"

.equ BASE, PTE_V | PTE_U        # U, so that a paravirtual kernel may use it as well
.equ AT_R, USER_BASE
.equ AT_W, USER_BASE + 0x1000
.equ AT_X, USER_BASE + 0x2000
.equ NOWHERE, USER_BASE + 0x3000

.globl _start
_start:
    begin_paging
    map  AT_R, BASE | PTE_R
    map  AT_W, BASE | PTE_W
    map  AT_X, BASE | PTE_X
    la   t1, return             # the page's own address is writable
    lw   t1, 0(t1)
    sw   t1, 0(a0)
    li   s0, AT_R
    works ld a1, 0(s0)
    traps CAUSE_STORE_PAGE_FAULT, sd a1, 8(s0)
    addi s9, s9, -8
    check s9, AT_R
    traps CAUSE_FETCH_PAGE_FAULT, jr s0
    check s10, AT_R
    li   s0, AT_W
    works sd a1, 0(s0)
    traps CAUSE_LOAD_PAGE_FAULT, ld a1, 0(s0)
    traps CAUSE_FETCH_PAGE_FAULT, jr s0
    li   s0, AT_X
    works jalr s0
    traps CAUSE_LOAD_PAGE_FAULT, ld a1, 0(s0)
    traps CAUSE_STORE_PAGE_FAULT, sd a1, 0(s0)
    li   s0, NOWHERE
    traps CAUSE_LOAD_PAGE_FAULT, ld a1, 0(s0)
    traps CAUSE_STORE_PAGE_FAULT, sd a1, 0(s0)
    traps CAUSE_FETCH_PAGE_FAULT, jr s0
    traps CAUSE_LOAD_MISALIGNED, ld a1, 4(s0)   # looked at before the page
    li   s0, 0x4000000000       # bits 63..38 differ
    traps CAUSE_LOAD_PAGE_FAULT, ld a1, 0(s0)
    done

return:
    ret
.bss
image_end:
