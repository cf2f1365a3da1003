# Two domains of one host that play: the ball is in a page that the first grants, and an event says whose turn it is.
# build: paravirt
# missing plain: an unmodified guest knows of no other domains
# exit: 0
#
# The first one, with -D SIDE=0, stands before the second, with -D SIDE=1, in the host's file, so their ids are neighbours.
# Its event channel is its port 1, and the page its grant 0. The end of the input ends either.

.include "platform.inc"
.include "lib/print.inc"

.ifndef SIDE
.equ SIDE, 0
.endif
.equ EVERY, 500                 # strokes, until one is said
.equ WHILE, 1000000             # ticks that a stroke takes

# s0 = the other one's id, s1 = the own port, s2 = own strokes until one is said
.text
.globl _start
_start:
    platform_begin
    la   sp, stack_end
    li   s2, EVERY / 2
    la   s0, start_info
    ld   s0, 0(s0)
    ld   s0, START_DOMAIN(s0)
.if SIDE
    addi s0, s0, -1
    call meet
    j    stroke
.else
    addi s0, s0, 1
    call invite
.endif

# Wait for the ball.
wait:
    li   a0, IRQ_EVENT
    call wait_for
    ld   t0, SHARED_EVENT_PENDING(zero)
    beqz t0, wait
    sd   zero, SHARED_EVENT_PENDING(zero)
    call take_a_while

stroke:
    la   t0, ball
    ld   t1, 0(t0)
    addi t1, t1, 1
    sd   t1, 0(t0)
    addi s2, s2, -1
    bnez s2, 1f
    li   s2, EVERY / 2
    mv   a0, t1
    call print_number
    print " strokes\n"
1:  mv   a0, s1
    hcall HC_EVENT_SEND
    bgez a0, wait
    print "nobody plays it back\n"
over:
    li   a0, 0
    power_off

take_a_while:
    ld   a0, SHARED_TIME(zero)
    li   t0, WHILE
    add  a0, a0, t0
    timer_set
    li   a0, IRQ_TIMER

# Wait for one of the interrupts a0, or for something typed, which is dropped, or for the input's end, which ends all.
wait_for:
    save ra
    ori  a0, a0, IRQ_CONSOLE
    cr_write IMASK, a0
    wait_event
    cr_read t0, IPEND
    andi t0, t0, IRQ_CONSOLE
    beqz t0, 2f
1:  call console_read
    li   t0, INPUT_END
    beq  a0, t0, over
    bgez a0, 1b
2:  restore ra
    ret

.if SIDE
# Bind to the first one's channel and map its page, once both are there.
meet:
    save ra
1:  mv   a0, s0
    li   a1, 1
    hcall HC_EVENT_BIND_INTERDOMAIN
    mv   s1, a0
    bgez a0, 2f
    call take_a_while
    j    1b
2:  la   a0, ball               # make room
    li   a1, 0
    li   a2, 1
    hcall HC_UPDATE_VA
    require_done
    mv   a0, s0
    li   a1, 0
    la   a2, ball
    li   a3, GRANT_WRITABLE
    hcall HC_GRANT_MAP
    require_done
    restore ra
    ret
.else
# Grant the page to the second one, and have a channel for it.
invite:
    save ra
    la   t0, ball
    space_address a1, t0
    srli a1, a1, PAGE_SHIFT
    mv   a0, s0
    li   a2, GRANT_WRITABLE
    hcall HC_GRANT_ACCESS
    require_done
    mv   a0, s0
    hcall HC_EVENT_ALLOC_UNBOUND
    require_done
    mv   s1, a0
    restore ra
    ret
.endif

.bss
.balign PAGE_SIZE
ball: .zero PAGE_SIZE           # its first dword counts the strokes
.balign 16
stack: .zero 1024
stack_end:
