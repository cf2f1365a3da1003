# A page that was taken away faults once its translation is forgotten, and one that was moved shows what is there now.
# exit: 0

.include "behaviour.inc"

.equ RIGHTS, PTE_V | PTE_R | PTE_W | PTE_U

.globl _start
_start:
    begin_paging
    map  USER_BASE, RIGHTS
    li   s1, USER_BASE
    li   t1, 1111
    sd   t1, 0(s1)
    map  USER_BASE, RIGHTS      # another page
    mv   a0, s1
    forget_page
    works ld a1, 0(s1)
    check a1, 0
    la   a0, space
    li   a1, USER_BASE
    li   a3, 0
    call space_map
    space_commit
    mv   a0, s1
    forget_page
    traps CAUSE_LOAD_PAGE_FAULT, ld a1, 0(s1)
    traps CAUSE_STORE_PAGE_FAULT, sd a1, 0(s1)
    done
.bss
image_end:
