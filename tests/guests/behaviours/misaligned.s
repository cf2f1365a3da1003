# Accesses must be aligned to their size, jumps to words; tval is the address.
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    la   s0, cell
    works ld a0, 0(s0)
    traps CAUSE_LOAD_MISALIGNED, ld a0, 4(s0)
    sub  s9, s9, s0
    check s9, 4
    traps CAUSE_LOAD_MISALIGNED, lw a0, 2(s0)
    traps CAUSE_LOAD_MISALIGNED, lhu a0, 1(s0)
    works lb a0, 1(s0)
    works sh a0, 2(s0)
    traps CAUSE_STORE_MISALIGNED, sh a0, 3(s0)
    traps CAUSE_STORE_MISALIGNED, sw a0, 2(s0)
    traps CAUSE_STORE_MISALIGNED, sd a0, 4(s0)
    la   s0, _start
    traps CAUSE_FETCH_MISALIGNED, jalr zero, 2(s0)
    sub  s9, s9, s0
    check s9, 2
    done
.bss
.balign 8
cell: .zero 8
image_end:
