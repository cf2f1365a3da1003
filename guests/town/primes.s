# Counts primes, and says each thousandth; with -D LAST=N it is done after N thousand, else the end of its input ends it.
# exit: 0

.include "platform.inc"
.include "lib/print.inc"

.equ EVERY, 1000

# s0 = the number looked at, s1 = primes so far, s2 = those that are left until one is said, s3 = thousands so far
.text
.globl _start
_start:
    platform_begin
    la   sp, stack_end
    li   s0, 3
    li   s1, 1
    li   s2, EVERY - 1
    li   s3, 0
1:  li   t0, 3                  # divisor
2:  mul  t1, t0, t0
    bgtu t1, s0, 3f
    remu t1, s0, t0
    beqz t1, 4f
    addi t0, t0, 2
    j    2b
3:  addi s1, s1, 1
    addi s2, s2, -1
    bnez s2, 4f
    li   s2, EVERY
    addi s3, s3, 1
    call tell
.ifdef LAST
    li   t0, LAST
    beq  s3, t0, 5f
.else
    call console_read
    li   t0, INPUT_END
    beq  a0, t0, 5f
.endif
4:  addi s0, s0, 2
    j    1b
5:  li   a0, 0
    power_off

# "prime 1000 is 7919"
tell:
    save ra
    print "prime "
    mv   a0, s1
    call print_number
    print " is "
    mv   a0, s0
    call print_number
    print "\n"
    restore ra
    ret

.bss
.balign 16
stack: .zero 1024
stack_end:
