# All input comes back until its end, which reads as such again and again.
# input: to be, or\nnot\x00\xff\n
# output: to be, or\nnot\x00\xff\n
# exit: 0

.include "platform.inc"
.globl _start
_start:
    platform_begin
1:  call console_read
    bltz a0, 2f
    la   t0, byte
    sb   a0, 0(t0)
    mv   a0, t0
    li   a1, 1
    call console_write
    j    1b
2:  call console_read
    addi a0, a0, -INPUT_END     # 0 if the end is still the end
    power_off

.bss
byte: .zero 8
