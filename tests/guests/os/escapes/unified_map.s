# A unified file is mapped, and its page, which all have, is written.
# case: Dirty Pipe from a container (CVE-2022-0847): a page of the cache written
# plant: PLANT_MAP

.include "unified.inc"

inside:
    save ra
    opens_as a4, /original, O_RDONLY
    li   a0, 0
    li   a1, 4096
    li   a2, 3                  # to read and write
    li   a3, 1                  # shared
    li   a5, 0
    system mmap
    bltz a0, 1f
    ld   t0, 0(a0)
    sd   zero, 0(a0)
1:  li   a0, 0
    restore ra
    ret
