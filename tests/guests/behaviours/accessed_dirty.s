# A and D are set exactly when an access that succeeds needs them.
# exit: 0

.include "behaviour.inc"

.equ BASE, PTE_V | PTE_R | PTE_W | PTE_U
.equ READ_ONLY, PTE_V | PTE_R | PTE_U

# bits_are address, bits   A and D of the entry for that address
.macro bits_are address, bits
    la   a0, space
    li   a1, \address
    call space_entry
    andi a0, a0, PTE_A | PTE_D
    check a0, \bits
.endm

.globl _start
_start:
    begin_paging
    map  USER_BASE, BASE
    map  USER_BASE + 0x1000, BASE
    map  USER_BASE + 0x2000, READ_ONLY
    bits_are USER_BASE, 0
    li   s0, USER_BASE
    ld   a1, 0(s0)
    bits_are USER_BASE, PTE_A
    ld   a1, 8(s0)
    bits_are USER_BASE, PTE_A
    sd   a1, 0(s0)
    bits_are USER_BASE, PTE_A | PTE_D
    li   s0, USER_BASE + 0x1000
    traps CAUSE_STORE_MISALIGNED, sd a1, 4(s0)
    bits_are USER_BASE + 0x1000, 0
    sd   a1, 0(s0)
    bits_are USER_BASE + 0x1000, PTE_A | PTE_D
    li   s0, USER_BASE + 0x2000
    traps CAUSE_STORE_PAGE_FAULT, sd a1, 0(s0)
    bits_are USER_BASE + 0x2000, 0
    ld   a1, 0(s0)
    bits_are USER_BASE + 0x2000, PTE_A
    done
.bss
image_end:
