# NAME: a kernel with one user program, whose system calls it serves.
#
#   toyvm run NAME.s                      it owns the machine
#   toyvm run NAME.s --technique trap     its kernel mode is emulated; --report FILE counts the exits
#   toyvm run NAME.s --technique para     the same source, ported by its macros
#   toyvm lab NAME.s                      timed as a whole on every technique

.include "platform.inc"
.include "pages.inc"
.include "space.inc"
.include "lib/print.inc"

.equ CALL_PRINT, 0              # print the number in a0
.equ CALL_EXIT,  1              # end with the code in a0

.text
.globl _start
_start:
    platform_begin
    la   sp, stack_end
    memory_end
    mv   a1, a0
    la   a0, image_end
    call pages_init             # what lies behind the image is free
    call spaces_init            # paging on
    la   a0, user_space
    call space_create
    bnez a0, out_of_memory
    la   a0, user_space
    li   a1, USER_BASE
    la   a2, user_program
    li   a3, PTE_V | PTE_R | PTE_X | PTE_U
    call space_map
    space_commit
    la   a0, user_space
    call space_switch
    trap_vector on_trap
    li   t0, USER_BASE          # the program begins there,
    cr_write EPC, t0
    li   t0, STATUS_PMODE       # in user mode
    cr_write STATUS, t0
    trap_return

# Every trap comes here, in kernel mode with interrupts off. The program's s-registers stay as they are; a7 = the call's
# number, a0 = what it is about.
on_trap:
    cr_read t0, CAUSE
    li   t1, CAUSE_SYSCALL
    bne  t0, t1, unexpected
    bnez a7, 1f
    mv   s11, a0                # the program keeps to s0
    print "the program says "
    mv   a0, s11
    call print_number
    print "\n"
    cr_read t0, EPC             # go on behind the syscall
    addi t0, t0, 4
    cr_write EPC, t0
    trap_return
1:  power_off                   # CALL_EXIT

unexpected:
    mv   s11, t0
    print "unexpected trap of cause "
    mv   a0, s11
    call print_number
    print "\n"
out_of_memory:
    li   a0, 1
    power_off

# In user mode, at USER_BASE: position-independent code on one page.
.balign PAGE_SIZE
user_program:
    li   s0, 1
1:  mv   a0, s0
    li   a7, CALL_PRINT
    syscall
    addi s0, s0, 1
    li   t0, 3
    ble  s0, t0, 1b
    li   a0, 0
    li   a7, CALL_EXIT
    syscall
.balign PAGE_SIZE

.bss
.balign 16
stack: .zero 4096
stack_end:
user_space: .zero SPACE_SIZE
image_end:
