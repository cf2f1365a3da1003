# In kernel mode the critical instructions say what the control registers do.
# build: plain
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin_paging
    cr_write IMASK, zero
    li   t1, 3                  # only bit 0 counts
    setst t1
    getst a0
    check a0, STATUS_IE
    setst zero
    getst a0
    crr  a1, CR_STATUS
    sub  a0, a0, a1
    check a0, 0
    getvec a0
    la   t1, note_trap
    sub  a0, a0, t1
    check a0, 0
    getpt a0
    la   t1, space
    ld   t1, SPACE_ROOT(t1)
    ori  t1, t1, PTBR_ENABLE
    sub  a0, a0, t1
    check a0, 0
    li   t1, 77
    crw  CR_SCRATCH, t1
    li   t1, 88
    crx  t1, CR_SCRATCH, t1     # with its own value as it was
    check t1, 77
    crr  a0, CR_SCRATCH
    check a0, 88
    done
.bss
image_end:
