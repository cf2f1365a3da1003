# The change of a page-table entry in use, to one that maps the same: the ptemod of Adams and Agesen.
# workload: a change of a page-table entry
# operation: one write of a level-0 entry in the current tables; one hypercall with one entry in a paravirtual guest
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

.equ TOGGLED, 1 << 7            # a bit that is free for software

# s0 = operations, s1 = those left, s2 = the entry as it is, s3 = where it is, s4 = the request to the monitor
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
    la   s4, request
    sd   t1, MMU_ENTRY(s4)
.endif
    mv   s1, s0
    mv   s5, s2
    j    2f
1:  xori s2, s2, TOGGLED
.ifdef PARAVIRT
    sd   s2, MMU_VALUE(s4)
    mv   a0, s4
    li   a1, 1
    li   a2, 0
    hcall HC_MMU_UPDATE
    bnez a0, workload_wrong
.else
    sd   s2, 0(s3)
.endif
    addi s1, s1, -1
2:  bnez s1, 1b
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
request: .zero MMU_SIZE
image_end:
