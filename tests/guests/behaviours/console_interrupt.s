# The console's interrupt is pending while a byte waits and once for the end, and ends a wait.
# build: plain
# missing paravirt: its console is a ring, and one interrupt may be for many bytes
# input: ab
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    li   t0, IRQ_CONSOLE
    cr_write IMASK, t0
    wait_event
    call console_read
    check a0, 'a'
    wait_event
    call console_read
    check a0, 'b'
    wait_event                  # for the end
    call console_read
    check a0, INPUT_END
    cr_read t1, IPEND
    andi t1, t1, IRQ_CONSOLE
    check t1, 0
    done
.bss
image_end:
