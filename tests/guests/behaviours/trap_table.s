# Traps go to the handler of their cause, the others to that for all; a flag leaves the interrupt flag as it is.
# build: paravirt
# exit: 0

.include "behaviour.inc"

# s1 = what the handler was, s2 = the interrupt flag in it
.globl _start
_start:
    begin
    la   a0, table
    li   a1, 3
    hcall HC_SET_TRAP_TABLE
    check a0, 0
    li   s1, 0
    break
    check s1, 1
    check s2, 0
    .word 0
    check s1, 2
    check s2, 0
    li   t0, 1                  # with interrupts on, and none to come
    sb   t0, SHARED_STATUS(zero)
    break
    check s1, 1
    check s2, 0
    syscall
    check s1, 3
    check s2, 1
    ld   t1, SHARED_STATUS(zero)
    andi t1, t1, STATUS_IE      # back as it was
    check t1, STATUS_IE
    la   a0, table + 4
    hcall HC_SET_TRAP_TABLE
    check a0, -HC_EFAULT
    la   a0, table
    li   a1, -1
    hcall HC_SET_TRAP_TABLE
    check a0, -HC_ETOOBIG
    done

# handler label, number   note the number and the interrupt flag, and resume behind the instruction that trapped
.macro handler label, number
\label:
    li   s1, \number
    lbu  s2, SHARED_STATUS(zero)
    ld   t0, SHARED_EPC(zero)
    addi t0, t0, 4
    sd   t0, SHARED_EPC(zero)
    hcall HC_IRET
.endm
    handler on_break, 1
    handler on_others, 2
    handler on_syscall, 3

.data
.balign 8
table:
    .dword CAUSE_BREAK, on_break, 0
    .dword TRAP_ANY, on_others, 0
    .dword CAUSE_SYSCALL, on_syscall, 1
.bss
image_end:
