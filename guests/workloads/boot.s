# A kernel's way from nothing to a user process and back.
# workload: a small kernel's boot
# operation: memory and page tables set up anew, a process made and entered, its first system call, all taken down
# exit: 0

.equ WORKLOAD_OPERATIONS, 10
.include "workload.inc"

# s0 = operations, s1 = those done, s2 = free pages before the process, s3 = what the process said
.globl _start
_start:
    workload_begin image_end
    li   s1, 0
next_boot:
    beq  s1, s0, workload_done
    call stop_paging
    memory_end
    mv   a1, a0
    la   a0, image_end
    call pages_init
    call spaces_init
    la   t0, pages_free
    ld   s2, 0(t0)
    user_begin user_program, 1, on_trap
    li   s3, 0
    trap_return

# Entered from user mode by the process's one system call.
on_trap:
    cr_read t0, CAUSE
    li   t1, CAUSE_SYSCALL
    bne  t0, t1, workload_wrong
    li   t0, 0x600d
    bne  s3, t0, workload_wrong
    li   t0, USER_DATA          # its page
    ld   t0, 0(t0)
    bne  t0, s3, workload_wrong
    call space_leave
    la   a0, user_space
    call space_destroy
    la   t0, pages_free         # all but the data page, which is not the space's
    ld   t0, 0(t0)
    addi t0, t0, 1
    bne  t0, s2, workload_wrong
    addi s1, s1, 1
    j    next_boot

# Back to the state before the first boot; under a monitor paging stays on.
stop_paging:
.ifndef PARAVIRT
    crw  CR_PTBR, zero
.endif
    ret

.balign PAGE_SIZE
user_program:
    li   s3, 0x600d
    li   t0, USER_DATA
    sd   s3, 0(t0)
    syscall
.balign PAGE_SIZE

.bss
image_end:
