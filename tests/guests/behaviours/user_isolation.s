# A user program can neither read, write nor run the kernel's memory, nor use a page without U.
# exit: 0

.include "behaviour.inc"

.equ TEXT_RIGHTS, PTE_V | PTE_R | PTE_X | PTE_U
.equ KERNEL_PAGE, USER_BASE + 0x1000

# user_traps cause, label   the user text at that label raises the cause
.macro user_traps cause, label
    li   s8, 0
    la   s11, .Ltrapped_\@
    li   t0, USER_BASE + (\label - user_text)
    cr_write EPC, t0
    li   t0, STATUS_PMODE
    cr_write STATUS, t0
    trap_return
.Ltrapped_\@:
    check s8, \cause
.endm

.globl _start
_start:
    begin_paging
    la   a0, space
    li   a1, USER_BASE
    la   a2, user_text
    li   a3, TEXT_RIGHTS
    call space_map
    space_commit
    map  KERNEL_PAGE, PTE_V | PTE_R | PTE_W | PTE_X
    la   s0, secret
    user_traps CAUSE_LOAD_PAGE_FAULT, user_load
    user_traps CAUSE_STORE_PAGE_FAULT, user_store
    user_traps CAUSE_FETCH_PAGE_FAULT, user_jump
    li   s0, KERNEL_PAGE
    user_traps CAUSE_LOAD_PAGE_FAULT, user_load
    user_traps CAUSE_STORE_PAGE_FAULT, user_store
    user_traps CAUSE_FETCH_PAGE_FAULT, user_jump
    li   s0, -0x4000            # where a monitor keeps a page for the kernel
    user_traps CAUSE_LOAD_PAGE_FAULT, user_load
    user_traps CAUSE_STORE_PAGE_FAULT, user_store
    la   t1, secret
    ld   t1, 0(t1)
    check t1, 0x5ec2e7
    done

.balign PAGE_SIZE
user_text:
user_load:
    ld   a0, 0(s0)
    syscall
user_store:
    sd   a0, 0(s0)
    syscall
user_jump:
    jr   s0
.balign PAGE_SIZE

.data
.balign 8
secret: .dword 0x5ec2e7
.bss
image_end:
