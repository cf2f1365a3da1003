# A jump to where no memory is, without a handler for the fault.
# stop: fault

.include "platform.inc"
.globl _start
_start:
    platform_begin
    li   t0, 0x7000000000
    jr   t0
