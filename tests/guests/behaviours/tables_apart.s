# Tables that lie far from one another and from what they map: each level's leaf leads there, is marked there, and a table
# beyond memory is an access fault.
# build: plain
# exit: 0

.include "behaviour.inc"

.equ ROOT,    0x400000
.equ MIDDLE,  0x600000
.equ LEAVES,  0x800000
.equ DATA,    0xa00000
.equ POINTER, PTE_V
.equ LEAF,    PTE_V | PTE_R | PTE_W | PTE_X
.equ BEYOND,  0x40000000

# entry table, index, value   changes t1, t2
.macro entry table, index, value
    li   t1, \table + 8 * \index
    li   t2, \value
    sd   t2, 0(t1)
.endm

# marks_are table, index, bits   A and D of that entry; changes t0, t1, t2
.macro marks_are table, index, bits
    li   t1, \table + 8 * \index
    ld   t2, 0(t1)
    andi t2, t2, PTE_A | PTE_D
    check t2, \bits
.endm

# The first GiB is itself by a leaf of level 2, the second goes through all tables.
.globl _start
_start:
    begin
    entry ROOT, 0, LEAF
    entry ROOT, 1, MIDDLE | POINTER
    entry ROOT, 2, BEYOND | POINTER
    entry MIDDLE, 0, LEAVES | POINTER
    entry MIDDLE, 1, DATA | LEAF
    entry MIDDLE, 2, BEYOND | LEAF
    entry MIDDLE, 3, BEYOND | POINTER
    entry LEAVES, 0, DATA | LEAF
    entry LEAVES, 1, DATA | PTE_V | PTE_R
    entry LEAVES, 2, BEYOND | LEAF
    entry DATA, 0, 1234
    li   t0, ROOT | 1
    cr_write PTBR, t0
    li   s0, USER_BASE
    works ld a0, 0(s0)
    check a0, 1234
    marks_are LEAVES, 0, PTE_A
    works sd s0, 8(s0)
    marks_are LEAVES, 0, PTE_A | PTE_D
    li   s1, USER_BASE + 0x1000
    traps CAUSE_STORE_PAGE_FAULT, sd a0, 0(s1)
    check s9, USER_BASE + 0x1000
    marks_are LEAVES, 1, 0
    works ld a0, 8(s1)
    check a0, USER_BASE
    marks_are LEAVES, 1, PTE_A
    li   s1, USER_BASE + 0x200000
    works ld a0, 0(s1)
    check a0, 1234
    marks_are MIDDLE, 1, PTE_A
    works sd a0, 16(s1)
    marks_are MIDDLE, 1, PTE_A | PTE_D
    li   s1, USER_BASE + 0x2000
    traps CAUSE_LOAD_ACCESS_FAULT, ld a0, 0(s1)
    marks_are LEAVES, 2, 0
    li   s1, USER_BASE + 0x400000
    traps CAUSE_STORE_ACCESS_FAULT, sd a0, 0(s1)
    marks_are MIDDLE, 2, 0
    li   s1, USER_BASE + 0x600000
    traps CAUSE_LOAD_ACCESS_FAULT, ld a0, 0(s1)
    check s9, USER_BASE + 0x600000
    li   s1, 2 * USER_BASE
    traps CAUSE_LOAD_ACCESS_FAULT, ld a0, 0(s1)
    traps CAUSE_FETCH_ACCESS_FAULT, jalr s1
    li   a1, 1
    probe a0, s1, a1
    check a0, -1
    li   s1, USER_BASE + 0x200008
    probe a0, s1, a1
    check a0, DATA + 8
    done
