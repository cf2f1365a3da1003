# The supervisor: runs one program, imported from RISC-V, in user mode, and serves it Linux's system calls.
#
# All memory has its own address in both modes: page n of the program is page n of memory. What the program may touch
# is what the importer says in the program block, and the heap.
#
#   SUPERVISOR       boot block, both builds of this, the program block; not the program's
#   SUPERVISOR_END   the program's segments
#                    a gap, that a stack which grows too far runs into
#                    the stack, with arguments and environment at its end
#                    the heap, up to
#                    the page tables, at the end of memory
#
# Interrupts stay off. A system call runs to its end on the one stack; nothing in here is made to be interrupted.
#
# The importer (toyvm/importer/layout.py) defines SUPERVISOR, SUPERVISOR_END, PROGRAM, and the offsets in the block
# there, PROGRAM_ and RANGE_.

.include "platform.inc"
.include "lib/print.inc"
.include "lib/causes.inc"
.include "supervisor/tables.inc"
.include "supervisor/memory.inc"
.include "supervisor/heap.inc"
.include "supervisor/trap.inc"
.include "supervisor/calls.inc"
.include "supervisor/files.inc"
.include "supervisor/clocks.inc"

.text
# Jumped to by the boot block, in kernel mode, a0 untouched since the start.
.globl _start
_start:
    platform_begin
    la   sp, supervisor_stack_end
    call memory_begin
    bnez a0, too_little_memory
    trap_vector trap_entry
    cr_write IMASK, zero
    li   t1, PROGRAM
    ld   t0, PROGRAM_ENTRY(t1)
    cr_write EPC, t0
    li   t0, STATUS_PMODE
    cr_write STATUS, t0
    ld   sp, PROGRAM_STACK(t1)
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    li   x\n, 0
    .endr
    trap_return

# Jumped to by _start: there is no room for the page tables behind the program and its stack.
too_little_memory:
    print "supervisor: too little memory\n"
    li   a0, EXIT_NO_MEMORY
    power_off

.equ EXIT_NO_MEMORY, 98

.bss
.balign 16
supervisor_stack: .zero 2048
supervisor_stack_end:
.text
