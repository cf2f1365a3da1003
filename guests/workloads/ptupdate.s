# The change of a page-table entry in use, to one that maps the same: the ptemod of Adams and Agesen.
# workload: a change of a page-table entry
# operation: one write of a level-0 entry in the current tables; in a paravirtual guest, one entry of a hypercall
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

.equ TOGGLED, 1 << 7            # a bit that is free for software

# A paravirtual guest has `batch` entries changed by each hypercall, a dword that the lab may write before the run.
.equ MAXIMUM_BATCH, 64
.data
.balign 8
.globl batch
batch: .dword 1
.text

# send   have the entries from s4 to s6 changed, and begin again at s4; changes a0-a2
.macro send
    mv   a0, s4
    sub  a1, s6, s4
    srli a1, a1, 4              # MMU_SIZE
    li   a2, 0
    hcall HC_MMU_UPDATE
    bnez a0, workload_wrong
    mv   s6, s4
.endm

# s0 = operations, s1 = those left, s2 = the entry as it is, s3 = where it is; in a paravirtual guest s4 = the list of
# requests to the monitor, each about that entry, s6 = the next of them, s7 = the end of a whole batch
.globl _start
_start:
    workload_begin image_end
    user_begin user_program, 1, on_trap
    la   t0, user_space
    ld   s3, SPACE_LEVEL0(t0)
    li   t0, (USER_DATA - USER_BASE) / PAGE_SIZE * 8
    add  s3, s3, t0
    li   t0, USER_DATA          # the page is in use: the machine, or a monitor, has looked at its entry
    ld   t0, 0(t0)
    ld   s2, 0(s3)
.ifdef PARAVIRT
    li   t0, PAGE_SIZE - 1
    and  t0, s3, t0
    space_address t1, s3
    add  t1, t1, t0
    la   s4, requests
    addi s7, s4, MAXIMUM_BATCH * MMU_SIZE
    mv   s6, s4
1:  sd   t1, MMU_ENTRY(s6)
    addi s6, s6, MMU_SIZE
    bne  s6, s7, 1b
    la   t0, batch
    ld   t0, 0(t0)
    li   t1, MAXIMUM_BATCH
    bgtu t0, t1, workload_wrong
    slli t0, t0, 4              # MMU_SIZE
    add  s7, s4, t0
    mv   s6, s4
.endif
    mv   s1, s0
    mv   s5, s2
    j    3f
1:  xori s2, s2, TOGGLED
.ifdef PARAVIRT
    sd   s2, MMU_VALUE(s6)
    addi s6, s6, MMU_SIZE
    bne  s6, s7, 2f
    send
.else
    sd   s2, 0(s3)
.endif
2:  addi s1, s1, -1
3:  bnez s1, 1b
.ifdef PARAVIRT
    beq  s6, s4, 4f
    send
4:
.endif
    andi t0, s0, 1              # an odd number of toggles leaves the bit set
    slli t0, t0, 7
    xor  t0, t0, s5
    ld   t1, 0(s3)
    bne  t0, t1, workload_wrong
    j    workload_done

on_trap:                        # no trap is expected
    j    workload_wrong

.balign PAGE_SIZE
user_program:                   # never run
    syscall
.balign PAGE_SIZE

.bss
.balign 8
requests: .zero MAXIMUM_BATCH * MMU_SIZE
image_end:
