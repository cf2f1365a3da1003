# A kernel's loads and stores by an offset from x0 that name the monitors' window fault, however often, and change nothing there.
# build: plain
# exit: 0

.include "behaviour.inc"

.globl _start
_start:
    begin_paging
    li   s0, 20                 # rounds
    li   s1, 7
    cr_write IMASK, s1
    cr_write SCRATCH, s1
again:
    traps CAUSE_LOAD_PAGE_FAULT, ld a0, SHARED_PAGE(zero)
    check s9, SHARED_PAGE
    traps CAUSE_LOAD_PAGE_FAULT, lw a0, SHARED_IMASK+4(zero)
    traps CAUSE_LOAD_PAGE_FAULT, lhu a0, SHARED_PAGE+0xffe(zero)
    traps CAUSE_LOAD_PAGE_FAULT, lb a0, SHARED_PAGE+0x1000(zero)
    traps CAUSE_STORE_PAGE_FAULT, sd zero, SHARED_IMASK(zero)
    check s9, SHARED_IMASK
    traps CAUSE_STORE_PAGE_FAULT, sb zero, SHARED_SCRATCH(zero)
    traps CAUSE_LOAD_MISALIGNED, ld a0, SHARED_PAGE+1(zero)
    cr_read a0, IMASK
    check a0, 7
    cr_read a0, SCRATCH
    check a0, 7
    addi s0, s0, -1
    bnez s0, again
    cr_write IMASK, zero
    done

.bss
image_end:
