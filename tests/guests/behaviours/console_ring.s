# The console's ring takes a line at a doorbell, tells the end of the input, and writes what was put into it.
# build: paravirt
# input: ab\ncd
# output: xyz
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    li   t0, IRQ_CONSOLE
    cr_write IMASK, t0
    li   a0, RING_CONSOLE
    la   a1, ring
    hcall HC_RING_SETUP
    check a0, 0
    la   s0, ring
    li   t0, 100
    sd   t0, CONSOLE_RING_IN_WANTED(s0)
    wait_event
    call ring_the_bell
    ld   t1, CONSOLE_RING_IN_PROD(s0)
    check t1, 3
    lbu  t1, RING_DATA + 1(s0)
    check t1, 'b'
    ld   t1, CONSOLE_RING_IN_ENDED(s0)
    check t1, 0
    sd   t1, CONSOLE_RING_IN_CONS(s0)           # none of it is read: no more than what was wanted comes
    li   t0, 4
    sd   t0, CONSOLE_RING_IN_WANTED(s0)
    call ring_the_bell
    ld   t1, CONSOLE_RING_IN_PROD(s0)
    check t1, 4
    li   t0, 3
    sd   t0, CONSOLE_RING_IN_CONS(s0)
    li   t0, 100
    sd   t0, CONSOLE_RING_IN_WANTED(s0)
    call ring_the_bell
    ld   t1, CONSOLE_RING_IN_PROD(s0)
    check t1, 5
    ld   t1, CONSOLE_RING_IN_ENDED(s0)
    check t1, 1
    hcall HC_YIELD
    cr_read t1, IPEND
    andi t1, t1, IRQ_CONSOLE
    check t1, 0
    li   t0, 'x'
    sb   t0, CONSOLE_OUT(s0)
    li   t0, 'y'
    sb   t0, CONSOLE_OUT + 1(s0)
    li   t0, 'z'
    sb   t0, CONSOLE_OUT + 2(s0)
    li   t0, 3
    sd   t0, CONSOLE_RING_OUT_PROD(s0)
    call ring_the_bell
    ld   t1, CONSOLE_RING_OUT_CONS(s0)
    check t1, 3
    li   t0, CONSOLE_OUT_SIZE + 4               # more than there can be
    sd   t0, CONSOLE_RING_OUT_PROD(s0)
    li   a0, RING_CONSOLE
    hcall HC_DOORBELL
    check a0, -HC_EINVAL
    done

ring_the_bell:
    li   a0, RING_CONSOLE
    hcall HC_DOORBELL
    bnez a0, failed
    ret

.bss
.balign PAGE_SIZE
ring: .zero PAGE_SIZE
image_end:
