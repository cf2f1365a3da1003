# NAME: what it measures, in one line.
# workload: loads and stores of one word
# operation: one round of the loop
# exit: 0
#
#   toyvm lab NAME.s syscall              timed on every technique, beside a shipped workload
#   toyvm lab NAME.s --precision 2%       again and again, until the figures are as narrow as that
#   toyvm run NAME.s --technique trap     once, with WORKLOAD_OPERATIONS
#
# It does as many operations as the lab says, 0 too, and ends with 0 if it did them: see workload.inc.

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

# s0 = operations, s1 = those left, s2 = the word
.globl _start
_start:
    workload_begin image_end    # stack, free pages, paging; s0 = operations
    la   s2, word
    mv   s1, s0
    j    2f
1:  ld   t0, 0(s2)              # an operation begins here ...
    addi t0, t0, 1
    sd   t0, 0(s2)
    addi s1, s1, -1             # ... and ends here
2:  bnez s1, 1b
    ld   t0, 0(s2)
    bne  t0, s0, workload_wrong # it has not done what it should have
    j    workload_done

.data
.balign 8
word: .dword 0

.bss
image_end:
