# A store into code is seen by the next fetch, even of the instruction right behind it.
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    la   t1, patch
    la   t2, replacement
    lw   t2, 0(t2)
    lw   s0, 0(t1)
    li   s1, 0
1:  li   a1, 0
    sw   t2, 0(t1)
patch:
    addi a1, a1, 1
    check a1, 5
    sw   s0, 0(t1)              # as it was
    addi s1, s1, 1
    li   t3, 3
    bne  s1, t3, 1b
    done

replacement:
    addi a1, a1, 5
.bss
image_end:
