# A clock: says the time of day once a second, and sleeps in between; the end of its input ends it.
# exit: 0

.include "platform.inc"
.include "second.inc"

.equ DAY, 86400

.text
.globl _start
_start:
    platform_begin
    la   sp, stack_end
1:  call tell
    wait_a_second 2f
    j    1b
2:  li   a0, 0
    power_off

# Write the time of day. s0 = what is left of it, in seconds.
tell:
    save ra, s0
    clock_read s0
    li   t0, SECOND
    divu s0, s0, t0
    li   t0, DAY
    remu s0, s0, t0
    .irp last, 6, 3, 0
    li   t0, 60
    remu t1, s0, t0
    divu s0, s0, t0
    li   t0, 10
    remu t2, t1, t0
    divu t1, t1, t0
    addi t2, t2, '0'
    addi t1, t1, '0'
    la   t0, line + \last
    sb   t1, 0(t0)
    sb   t2, 1(t0)
    .endr
    la   a0, line
    li   a1, line_end - line
    call console_write
    restore ra, s0
    ret

.data
line: .ascii "00:00:00\n"
line_end:

.bss
.balign 16
stack: .zero 1024
stack_end:
