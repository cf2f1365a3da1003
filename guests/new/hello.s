# NAME: a greeting, and the power off.
#
#   toyvm run NAME.s                      on the bare machine
#   toyvm run NAME.s --technique trap     the same program under a monitor
#   toyvm run NAME.s --technique para     built for hypercalls: platform.inc has each macro twice

.include "platform.inc"

.text
.globl _start
_start:                         # in kernel mode, with all of the machine to itself
    platform_begin
    la   a0, greeting
    li   a1, greeting_end - greeting
    call console_write
    li   a0, 0                  # the exit code
    power_off

.rodata
greeting: .ascii "Hello from NAME!\n"
greeting_end:
