# Words that are no instruction trap with themselves as tval; so do control registers and ports that do not exist.
# build: plain
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin
    traps CAUSE_ILLEGAL_INSTRUCTION, .word 0
    check s9, 0
    traps CAUSE_ILLEGAL_INSTRUCTION, .word 0xffffffff
    check s9, 0xffffffff
    traps CAUSE_ILLEGAL_INSTRUCTION, crr a0, 99
    traps CAUSE_ILLEGAL_INSTRUCTION, crw CR_TIME, zero
    li   a0, STATUS_MODE
    traps CAUSE_ILLEGAL_INSTRUCTION, crw CR_STATUS, a0
    traps CAUSE_ILLEGAL_INSTRUCTION, in a0, 99
    traps CAUSE_ILLEGAL_INSTRUCTION, in a0, PORT_POWER
    traps CAUSE_ILLEGAL_INSTRUCTION, out PORT_CLOCK, zero
    traps CAUSE_ILLEGAL_INSTRUCTION, hcall 0
    crr  t1, CR_INFO
    andi t1, t1, INFO_HYPERCALLS
    check t1, 0
    done
.bss
image_end:
