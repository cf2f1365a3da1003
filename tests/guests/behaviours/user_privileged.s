# In user mode privileged instructions trap with the word as tval, whatever register or port they name; hypercalls are
# illegal.
# exit: 0

.include "behaviour.inc"

.equ TEXT_RIGHTS, PTE_V | PTE_R | PTE_X | PTE_U

# user_traps cause, offset   the user text at that offset raises the cause
.macro user_traps cause, offset
    li   s8, 0
    la   s11, .Ltrapped_\@
    li   t0, USER_BASE + \offset
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
    user_traps CAUSE_PRIVILEGED_INSTRUCTION, 0
    la   t1, user_text
    lwu  t1, 0(t1)
    addi gp, gp, 1
    bne  s9, t1, failed         # tval is the word
    li   t1, USER_BASE
    addi gp, gp, 1
    bne  s10, t1, failed        # epc its address
    .irp offset, 4, 8, 12, 16, 20, 24, 28, 32
    user_traps CAUSE_PRIVILEGED_INSTRUCTION, \offset
    .endr
    .irp offset, 36, 40, 44, 48, 52
    user_traps CAUSE_PRIVILEGED_INSTRUCTION, \offset
    .endr
    user_traps CAUSE_ILLEGAL_INSTRUCTION, 56
    user_traps CAUSE_ILLEGAL_INSTRUCTION, 60
    user_traps CAUSE_SYSCALL, 64
    user_traps CAUSE_BREAK, 68
    done

.balign PAGE_SIZE
user_text:
    crr  a0, CR_INFO
    crr  a0, 99
    crw  CR_TIME, a0
    crx  a0, CR_SCRATCH, a0
    eret
    wfi
    tlbi zero
    in   a0, 99
    out  PORT_POWER, a0
    getst a0                    # 36: the critical ones, at this hardware level
    setst a0
    getvec a0
    getpt a0
    probe a0, a0, a0
    hcall 0                     # 56
    .word 0
    syscall
    break
.balign PAGE_SIZE
.bss
image_end:
