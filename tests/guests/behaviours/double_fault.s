# An exception before anything has retired since the last trap stops the machine: here the handler itself is misaligned.
# stop: fault

.include "platform.inc"
.globl _start
_start:
    platform_begin
    trap_vector misaligned_handler
    break
    li   a0, 1
    power_off

handler:
    nop
.equ misaligned_handler, handler + 2
