# The value written to power is the run's exit code.
# exit: 42

.include "platform.inc"
.globl _start
_start:
    platform_begin
    li   a0, 42
    power_off
