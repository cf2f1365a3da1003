# The smallest guest: a greeting, and the power off.
# techniques: bare trap para
# output: Hello from the T64!\n
# exit: 0

.include "platform.inc"

.text
# Entered in kernel mode with paging as the machine or the monitor left it.
.globl _start
_start:
    platform_begin
    la   a0, greeting
    li   a1, greeting_end - greeting
    call console_write
    li   a0, 0
    power_off

.rodata
greeting: .ascii "Hello from the T64!\n"
greeting_end:
