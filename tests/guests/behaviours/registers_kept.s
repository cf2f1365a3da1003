# What is written to a control register is what is read of it from then on, in every way that there is to read and write it.
# build: plain
# exit: 0

.include "behaviour.inc"

# holds register, value   it reads so
.macro holds register, value
    crr  t1, \register
    check t1, \value
.endm

# kept register, one, other   written by crw, then by crx, twice over, with another value in between
.macro kept register, one, other
    .rept 2
    li   t1, \one
    crw  \register, t1
    holds \register, \one
    li   t1, \other
    crx  t2, \register, t1
    check t2, \one
    holds \register, \other
    crx  t2, \register, zero
    check t2, \other
    holds \register, 0
    .endr
    li   t1, \one
    crw  \register, t1
.endm

.globl _start
_start:
    begin
    kept CR_TVEC,    0x123450,           0x7ffffffffffffffc
    kept CR_EPC,     0x123454,           0x7ffffffffffffff8
    kept CR_CAUSE,   7,                  1 << 63 | 2
    kept CR_TVAL,    0x123456789,        -2
    kept CR_SCRATCH, 0x1234567890abcdef, -3
    kept CR_PTBR,    0x5000,             0x7000
    kept CR_TIMECMP, 0x123456789abc,     -1
    kept CR_IMASK,   1,                  6
    holds CR_TVEC,    0x123450
    holds CR_EPC,     0x123454
    holds CR_CAUSE,   7
    holds CR_TVAL,    0x123456789
    holds CR_SCRATCH, 0x1234567890abcdef
    holds CR_PTBR,    0x5000
    holds CR_TIMECMP, 0x123456789abc
    holds CR_IMASK,   1
    getvec t1
    check t1, 0x123450
    getpt t1
    check t1, 0x5000
    done
.bss
image_end:
