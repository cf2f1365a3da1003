# Physical addresses beyond the memory fault as accesses, with paging off and through a page that names them.
# build: plain
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    memory_size
    mv   s1, a0
    addi s2, s1, -8
    works ld a0, 0(s2)
    traps CAUSE_LOAD_ACCESS_FAULT, ld a0, 0(s1)
    traps CAUSE_STORE_ACCESS_FAULT, sd a0, 0(s1)
    traps CAUSE_FETCH_ACCESS_FAULT, jr s1
    begin_paging
    la   a0, space
    li   a1, USER_BASE
    mv   a2, s1
    li   a3, PTE_V | PTE_R
    call space_map
    li   s2, USER_BASE
    traps CAUSE_LOAD_ACCESS_FAULT, ld a0, 0(s2)
    traps CAUSE_STORE_PAGE_FAULT, sd a0, 0(s2)
    la   a0, space
    li   a1, USER_BASE
    call space_entry
    andi a0, a0, PTE_A
    check a0, 0
    done
.bss
image_end:
