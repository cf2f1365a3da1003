# Two domains of one host that talk: the first grants a page to the second, which answers in it; events say when.
# build: paravirt
# missing plain: an unmodified guest knows of no other domains
# exit: 0
#
# By custom the first one's event channel is its port 1, and the page its grant 0. Each polls for the other by the timer,
# so that it does not matter which of them starts first. Interrupts stay off: a wait ends without one.

.include "platform.inc"

.equ MAXIMUM_DOMAINS, 16
.equ POLL,  1000                # ticks
.equ POLLS, 10000
.equ MESSAGE, 64                # bytes of each message in the page, with a NUL; the answer is behind
.equ EXIT_ALONE, 1              # the other one never came

# say "text"
.macro say text
    la   a0, .Lsay_\@
    li   a1, .Lsay_end_\@ - .Lsay_\@
    call console_write
    .rodata
.Lsay_\@: .ascii "\text"
.Lsay_end_\@:
    .text
.endm

# s0 = own id, s1 = the other's, s2 = polls left, s3 = the own port
.text
.globl _start
_start:
    platform_begin
    la   sp, stack_end
    li   s2, POLLS
    la   t0, start_info
    ld   t0, 0(t0)
    ld   s0, START_DOMAIN(t0)
1:  call find_other
    bnez a0, 2f
    call poll
    j    1b
2:  mv   s1, a0
    say  "domain "
    mv   a0, s0
    call say_number
    say  " sees domain "
    mv   a0, s1
    call say_number
    say  "\n"
    bltu s0, s1, first

# The second one: bind to the first's channel, map its page, read and answer.
second:
    mv   a0, s1
    li   a1, 1
    hcall HC_EVENT_BIND_INTERDOMAIN
    bgez a0, 1f
    call poll
    j    second
1:  mv   s3, a0
    la   a0, page               # make room
    li   a1, 0
    li   a2, 1
    hcall HC_UPDATE_VA
    require_done
    mv   a0, s1
    li   a1, 0
    la   a2, page
    li   a3, GRANT_WRITABLE
    hcall HC_GRANT_MAP
    require_done
    call say_who
    la   a0, page
    call say_string
    la   a0, page + MESSAGE
    la   a1, answer
    call copy_string
    la   a0, page
    hcall HC_GRANT_UNMAP
    require_done
    mv   a0, s3
    hcall HC_EVENT_SEND
    require_done
    li   a0, 0
    power_off

# The first one: write, grant, and wait for the answer.
first:
    la   a0, page
    la   a1, greeting
    call copy_string
    la   t0, page
    space_address a1, t0
    srli a1, a1, PAGE_SHIFT
    mv   a0, s1
    li   a2, GRANT_WRITABLE
    hcall HC_GRANT_ACCESS
    require_done
    mv   a0, s1
    hcall HC_EVENT_ALLOC_UNBOUND
    require_done
    mv   s3, a0
1:  ld   t0, SHARED_EVENT_PENDING(zero)
    bnez t0, 2f
    call poll
    j    1b
2:  sd   zero, SHARED_EVENT_PENDING(zero)
    call say_who
    la   a0, page + MESSAGE
    call say_string
    li   a0, 0
    hcall HC_GRANT_END
    require_done
    mv   a0, s3
    hcall HC_EVENT_CLOSE
    require_done
    li   a0, 0
    power_off

# a0 = the id of the first other domain that is not over, 0 if there is none.
find_other:
    la   a0, domains
    li   a1, MAXIMUM_DOMAINS
    hcall HC_DOMAINS
    require_done
    li   t0, MAXIMUM_DOMAINS
    bltu a0, t0, 1f
    mv   a0, t0
1:  la   t0, domains
    li   t1, 2                  # it has ended
2:  beqz a0, 4f
    ld   t2, DOMAIN_ID(t0)
    ld   t3, DOMAIN_STATE(t0)
    bgeu t3, t1, 3f
    beq  t2, s0, 3f
    mv   a0, t2
    ret
3:  addi t0, t0, DOMAIN_SIZE
    addi a0, a0, -1
    j    2b
4:  ret

# Wait a little, or until an event comes; give up after POLLS of these. Changes a0, t0.
poll:
    addi s2, s2, -1
    beqz s2, 1f
    ld   a0, SHARED_TIME(zero)
    addi a0, a0, POLL
    timer_set
    li   t0, IRQ_TIMER | IRQ_EVENT
    cr_write IMASK, t0
    wait_event
    ret
1:  say  "the other domain never came\n"
    li   a0, EXIT_ALONE
    power_off

# "domain N: "
say_who:
    save ra
    say  "domain "
    mv   a0, s0
    call say_number
    say  ": "
    restore ra
    ret

# Write a0, less than 1000, in decimal.
say_number:
    save ra
    la   t1, digits_end
    li   t2, 10
1:  addi t1, t1, -1
    remu t3, a0, t2
    addi t3, t3, '0'
    sb   t3, 0(t1)
    divu a0, a0, t2
    bnez a0, 1b
    mv   a0, t1
    la   a1, digits_end
    sub  a1, a1, t1
    call console_write
    restore ra
    ret

# Write the string at a0.
say_string:
    mv   a1, a0
1:  lbu  t0, 0(a1)
    beqz t0, 2f
    addi a1, a1, 1
    j    1b
2:  sub  a1, a1, a0
    j    console_write

# Copy the string at a1 to a0.
copy_string:
    lbu  t0, 0(a1)
    sb   t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    bnez t0, copy_string
    ret

.rodata
greeting: .asciz "hello from the first domain\n"
answer:   .asciz "and hello from the second\n"

.bss
.balign PAGE_SIZE
page: .zero PAGE_SIZE
.balign 16
stack: .zero 1024
stack_end:
domains: .zero MAXIMUM_DOMAINS * DOMAIN_SIZE
digits: .zero 8
digits_end:
