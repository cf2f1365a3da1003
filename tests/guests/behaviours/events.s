# Events come as an interrupt of their own, wait while they are masked, and a virtual interrupt can be one.
# build: paravirt
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    li   a0, 0                  # a channel to oneself
    hcall HC_EVENT_ALLOC_UNBOUND
    check a0, 1
    li   a0, 1
    hcall HC_EVENT_SEND
    check a0, -HC_ENOTCONN
    la   s0, start_info
    ld   s0, 0(s0)
    ld   a0, START_DOMAIN(s0)
    li   a1, 1
    hcall HC_EVENT_BIND_INTERDOMAIN
    check a0, 2
    li   t0, IRQ_EVENT
    cr_write IMASK, t0
    li   t0, 1 << 2
    sd   t0, SHARED_EVENT_MASK(zero)
    li   a0, 1
    hcall HC_EVENT_SEND
    check a0, 0
    ld   t1, SHARED_EVENT_PENDING(zero)
    check t1, 1 << 2
    li   s8, 0
    la   s11, 1f
    interrupts_on
    interrupts_off
    check s8, 0                 # it is masked
    sd   zero, SHARED_EVENT_MASK(zero)
    hcall HC_YIELD
    li   t0, 1
    sb   t0, SHARED_STATUS(zero)
    hcall HC_YIELD
    j    failed
1:  check s8, CAUSE_EVENT
    sd   zero, SHARED_EVENT_PENDING(zero)
    li   a0, VIRQ_TIMER
    hcall HC_EVENT_BIND_VIRQ
    check a0, 3
    time_read a0
    addi a0, a0, 500
    mv   s1, a0
    timer_set
    wait_event
    time_read t1
    bltu t1, s1, failed
    ld   t1, SHARED_EVENT_PENDING(zero)
    check t1, 1 << 3
    li   a0, 3
    hcall HC_EVENT_CLOSE
    check a0, 0
    ld   t1, SHARED_EVENT_PENDING(zero)
    check t1, 0
    li   a0, 2
    hcall HC_EVENT_CLOSE
    li   a0, 1
    la   a1, record
    hcall HC_EVENT_STATUS
    check a0, 0
    la   t2, record
    ld   t1, CHANNEL_STATE(t2)
    check t1, 1                 # unbound again
    li   a0, EVENT_PORTS
    hcall HC_EVENT_SEND
    check a0, -HC_ENOENT
    done

.bss
.balign 8
record: .zero CHANNEL_SIZE
image_end:
