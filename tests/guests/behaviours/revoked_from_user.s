# A user's page that was moved shows what is there now once its translation is forgotten; one that was taken away faults.
# exit: 0

.include "behaviour.inc"

.equ TEXT_RIGHTS, PTE_V | PTE_R | PTE_X | PTE_U
.equ RIGHTS,      PTE_V | PTE_R | PTE_W | PTE_U
.equ DATA,        USER_BASE + 0x1000

# forget   the translation of DATA, and no other one
.macro forget
    li   a0, DATA
    forget_page
.endm

# user_traps cause, label   the user text at that label raises the cause, with a0 as it is, and s0 = DATA
.macro user_traps cause, label
    li   s0, DATA
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
    map  DATA, RIGHTS
    li   t1, 1111
    sd   t1, 0(a0)
    user_traps CAUSE_SYSCALL, user_load
    check a0, 1111
    map  DATA, RIGHTS           # another page
    mv   s2, a0
    li   t1, 2222
    sd   t1, 0(s2)
    forget
    user_traps CAUSE_SYSCALL, user_load
    check a0, 2222
    li   a0, 3333
    user_traps CAUSE_SYSCALL, user_store
    ld   t1, 0(s2)
    check t1, 3333
    la   a0, space
    li   a1, DATA
    li   a3, 0
    call space_map
    space_commit
    forget
    user_traps CAUSE_LOAD_PAGE_FAULT, user_load
    user_traps CAUSE_STORE_PAGE_FAULT, user_store
    done

.balign PAGE_SIZE
user_text:
user_load:
    ld   a0, 0(s0)
    syscall
user_store:
    sd   a0, 0(s0)
    syscall
.balign PAGE_SIZE

.bss
image_end:
