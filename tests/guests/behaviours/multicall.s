# A multicall makes its calls in order, notes their results, and stops after the first that fails.
# build: paravirt
# output: onetwo
# exit: 0

.include "behaviour.inc"

.macro call_record number, first=0, second=0, third=0
    .dword \number, -1000, \first, \second, \third, 0, 0, 0
.endm

.globl _start
_start:
    begin
    la   a0, calls
    li   a1, 5
    la   a2, made
    hcall HC_MULTICALL
    la   t1, made
    ld   t1, 0(t1)
    check t1, 3
    la   s0, calls
    ld   t1, MULTICALL_RESULT(s0)
    check t1, 1 << 16
    ld   t1, MULTICALL_SIZE + MULTICALL_RESULT(s0)
    check t1, 3
    ld   t1, 3 * MULTICALL_SIZE + MULTICALL_RESULT(s0)
    check t1, -HC_ENOSYS
    ld   t1, 4 * MULTICALL_SIZE + MULTICALL_RESULT(s0)     # never made
    check t1, -1000
    done

.rodata
one: .ascii "one"
two: .ascii "two"

.data
.balign 8
made: .dword 0
calls:
    call_record HC_VERSION
    call_record HC_CONSOLE_WRITE, one, 3
    call_record HC_CONSOLE_WRITE, two, 3
    call_record HC_IRET
    call_record HC_CONSOLE_WRITE, one, 3
.bss
image_end:
