# A unified file is cut short.
# case: truncate(2) through a hard link into a template
# plant: PLANT_UNIFIED_TRUNCATE

.include "unified.inc"

inside:
    save ra
    str  a0, "/original"
    li   a1, 3
    system truncate
    li   a0, 0
    restore ra
    ret
