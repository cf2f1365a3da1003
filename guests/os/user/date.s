# date: the day and the time, in UTC.

.include "os/user/lib/program.inc"
.include "os/user/lib/dates.inc"

main:
    takes_nothing date
    li   a0, 0
    la   a1, now
    system clock_gettime
    ld   a0, now
    call date_print
    li   a0, ':'
    call out_byte
    ld   a0, now
    li   t0, 60
    remu a0, a0, t0
    call two_digits
    li   a0, '\n'
    call out_byte
    li   a0, 0
    j    exit
.bss
.balign 8
now: .zero TIMESPEC_SIZE
.text
