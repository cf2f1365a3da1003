# Leaves of 2 MiB and 1 GiB map what they say; one whose frame is not a multiple of its size faults.
# build: plain
# exit: 0

.include "behaviour.inc"

.equ LEAF, PTE_V | PTE_R | PTE_W
.equ BIG,  0x200000

# The space's level-1 table, all whose entries but the first are free, and its root.
.globl _start
_start:
    begin_paging
    la   s0, space
    ld   s1, SPACE_LEVEL1(s0)
    ld   s2, SPACE_ROOT(s0)
    li   t1, LEAF               # level 1: memory from 0 on
    sd   t1, 8(s1)
    li   t1, LEAF | 0x1000      # level 1: not a multiple
    sd   t1, 16(s1)
    li   t1, LEAF               # level 2: memory from 0 on, once more
    sd   t1, 16(s2)
    li   t1, LEAF | BIG         # level 2: not a multiple
    sd   t1, 24(s2)
    la   s3, word
    li   s4, USER_BASE + BIG
    add  s4, s4, s3
    works ld a0, 0(s4)
    check a0, 1234
    li   s4, 2 * USER_BASE
    add  s4, s4, s3
    works ld a0, 0(s4)
    check a0, 1234
    li   t1, 4321
    works sd t1, 0(s4)
    ld   a0, 0(s3)
    check a0, 4321
    ld   t1, 16(s2)
    andi t1, t1, PTE_A | PTE_D
    check t1, PTE_A | PTE_D
    ld   t1, 8(s1)
    andi t1, t1, PTE_A | PTE_D
    check t1, PTE_A
    li   s4, USER_BASE + 2 * BIG
    traps CAUSE_LOAD_PAGE_FAULT, ld a0, 0(s4)
    li   s4, 3 * USER_BASE
    traps CAUSE_LOAD_PAGE_FAULT, ld a0, 0(s4)
    done

.data
.balign 8
word: .dword 1234
.bss
image_end:
