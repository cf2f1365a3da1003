# A unified file is written.
# case: Dirty COW from a container (CVE-2016-5195): a shared layer changed for all
# plant: PLANT_UNIFIED_OPEN

.include "unified.inc"

inside:
    save ra
    opens_as a0, /original, O_WRONLY
    la   a1, inside_status
    li   a2, 8
    system write
    li   a0, 0
    restore ra
    ret
