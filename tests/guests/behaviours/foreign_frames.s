# A paravirtual guest cannot map what is not its own, write its tables, pin what is writable, or take a wrong root.
# build: paravirt
# exit: 0

.include "behaviour.inc"

.equ RIGHTS, PTE_V | PTE_R | PTE_W | PTE_U

.globl _start
_start:
    begin_paging
    map  USER_BASE, RIGHTS
    mv   s1, a0
    la   s0, space
    ld   s2, SPACE_LEVEL0(s0)
    traps CAUSE_STORE_PAGE_FAULT, sd zero, 0(s2)        # a table is read-only
    li   a0, USER_BASE                                  # a frame that no guest has
    li   a1, RIGHTS | 1 << 50
    li   a2, 1
    hcall HC_UPDATE_VA
    check a0, -HC_EPERM
    space_address t1, s2                                # a table, to write
    ori  a1, t1, RIGHTS
    li   a0, USER_BASE
    li   a2, 1
    hcall HC_UPDATE_VA
    check a0, -HC_EBUSY
    li   a0, USER_BASE                                  # a reserved bit
    space_address t1, s1
    li   a1, 1 << 63
    or   a1, a1, t1
    ori  a1, a1, RIGHTS
    li   a2, 1
    hcall HC_UPDATE_VA
    check a0, -HC_EINVAL
    space_address a0, s1                                # writable in two places
    srli a0, a0, PAGE_SHIFT
    li   a1, 0
    hcall HC_PIN_TABLE
    check a0, -HC_EBUSY
    space_address a0, s2                                # of another level
    srli a0, a0, PAGE_SHIFT
    li   a1, 2
    hcall HC_PIN_TABLE
    check a0, -HC_EBUSY
    space_address a0, s1                                # no root at all
    srli a0, a0, PAGE_SHIFT
    li   a1, -1
    hcall HC_SET_ROOTS
    addi gp, gp, 1
    bgez a0, failed
    li   t1, USER_BASE                                  # after all that the page is still there
    works sd zero, 0(t1)
    done
.bss
image_end:
