# A loop of two instructions is no jump to itself: it runs until its limit.
# limit: 5000
# stop: limit

.include "platform.inc"
.globl _start
_start:
    platform_begin
1:  addi t0, t0, 1
    j    1b
