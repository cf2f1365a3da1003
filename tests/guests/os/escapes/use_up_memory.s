# A memory bomb takes all pages.
# case: no memory limit on a container: the host's out-of-memory killer chooses
# plant: PLANT_UNLIMITED_physpages
# output: kernel: out of memory: process 2 (escape) of context jail is killed\n

.equ RESOURCE, 3             # physpages
.equ MORE,     100
.include "exhausting.inc"

.bss
.balign 8
area: .zero 8
.text
prepared:
    save ra
    li   a0, 0
    li   a1, 3 * MORE * 4096
    li   a2, 3                  # to read and write
    li   a3, 0x22               # private, anonymous
    li   a4, -1
    li   a5, 0
    must mmap, "mmap"
    sd   a0, area, t0
    restore ra
    ret

# A page is touched; whoever cannot have one is killed, which is a refusal.
take:
    slli a0, a0, 12
    ld   t0, area
    add  a0, a0, t0
    sd   t0, 0(a0)
    li   a0, 0
    ret
