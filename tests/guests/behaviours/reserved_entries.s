# Entries with reserved bits, and pointers with U, A or D, map nothing.
# build: plain
# exit: 0

.include "behaviour.inc"

.equ LEAF, PTE_V | PTE_R | PTE_W

.globl _start
_start:
    begin_paging
    map  USER_BASE, LEAF
    la   s0, space
    ld   s1, SPACE_LEVEL0(s0)
    ld   s2, SPACE_LEVEL1(s0)
    ld   s3, 0(s1)              # a good leaf, a good pointer
    ld   s4, 0(s2)
    li   s5, USER_BASE
    works ld a0, 0(s5)
    .irp bit, 10, 11, 56, 63
    li   t1, 1 << \bit
    or   t1, t1, s3
    sd   t1, 0(s1)
    tlbi s5
    traps CAUSE_LOAD_PAGE_FAULT, ld a0, 0(s5)
    .endr
    sd   s3, 0(s1)
    .irp bit, 4, 5, 6, 10, 63
    li   t1, 1 << \bit
    or   t1, t1, s4
    sd   t1, 0(s2)
    tlbi zero
    traps CAUSE_LOAD_PAGE_FAULT, ld a0, 0(s5)
    .endr
    sd   s4, 0(s2)
    works ld a0, 0(s5)
    li   t1, PTE_V              # a pointer where only leaves are
    sd   t1, 8(s1)
    li   s5, USER_BASE + PAGE_SIZE
    traps CAUSE_LOAD_PAGE_FAULT, ld a0, 0(s5)
    done
.bss
image_end:
