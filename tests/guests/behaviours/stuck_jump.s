# A jump to itself with interrupts off can never end.
# stop: fault

.include "platform.inc"
.globl _start
_start:
    platform_begin
    interrupts_off
forever:
    j    forever
