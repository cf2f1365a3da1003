# A monitor that offers hypercalls says which, and refuses those that do not exist, or whose arguments lead nowhere.
# build: paravirt
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    crr  t1, CR_INFO
    andi t1, t1, INFO_HYPERCALLS
    check t1, INFO_HYPERCALLS
    li   a0, 0
    hcall HC_VERSION
    check a0, 1 << 16
    li   a0, 1
    hcall HC_VERSION
    andi a0, a0, 1 << HC_VERSION | 1 << HC_IRET
    check a0, 1 << HC_VERSION | 1 << HC_IRET
    hcall 0x1000
    check a0, -HC_ENOSYS
    li   a0, 0x7000000000
    li   a1, 4
    hcall HC_CONSOLE_WRITE
    check a0, -HC_EFAULT
    la   a0, space
    addi a0, a0, 4              # records are 8-byte aligned
    li   a1, 1
    li   a2, 0
    hcall HC_MMU_UPDATE
    check a0, -HC_EFAULT
    la   a0, space
    li   a1, -1
    hcall HC_MULTICALL
    check a0, -HC_ETOOBIG
    done
.bss
image_end:
