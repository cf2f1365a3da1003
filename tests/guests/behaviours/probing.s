# probe tells where an address leads and with which rights, and sets nothing.
# build: plain
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin_paging
    map  USER_BASE, PTE_V | PTE_R | PTE_W
    mv   s1, a0
    li   s2, USER_BASE + 8
    li   t1, 1 | 2
    probe a0, s2, t1
    sub  a0, a0, s1
    check a0, 8
    li   t1, 4
    probe a0, s2, t1
    check a0, -1
    li   t1, 8                  # no such right
    probe a0, s2, t1
    check a0, -1
    li   s3, USER_BASE + 0x1000
    probe a0, s3, zero
    check a0, -1
    la   a0, space
    li   a1, USER_BASE
    call space_entry
    andi a0, a0, PTE_A | PTE_D
    check a0, 0
    done
.bss
image_end:
