# The mode of a unified file is changed, so that all may write it.
# case: Linux-VServer's immutable bit, and why iunlink came with it
# plant: PLANT_UNIFIED_MODE

.include "unified.inc"

inside:
    save ra
    li   a0, AT_FDCWD
    str  a1, "/original"
    li   a2, 0666
    li   a3, 0
    system fchmodat
    li   a0, 0
    restore ra
    ret
