# A taken branch to itself with interrupts off can never end; one that is not taken is an instruction like others.
# stop: fault
# output: still here\n

.include "platform.inc"
.globl _start
_start:
    platform_begin
    interrupts_off
1:  bnez zero, 1b
    la   a0, text
    li   a1, text_end - text
    call console_write
2:  beqz zero, 2b

.rodata
text: .ascii "still here\n"
text_end:
