# Pages of memory that are touched for the first time, and given back.
# workload: a page on demand
# operation: one load from a page that is not there yet: the fault, a page of zeros, the return; all go back once in 256
# period: 256
# settling: 768

.include "os/bench/bench.inc"

.equ PAGES, 256
.equ PAGE,  4096

# s1 = those left, s2 = where the next one touches, s3 = the mapping, s4 = its end, s5 = a page
work:
    mv   s1, s0
    li   s5, PAGE
next_mapping:
    beqz s1, work_done
    map_memory PAGES * PAGE
    bltz a0, work_wrong
    mv   s2, a0
    mv   s3, a0
    li   t0, PAGES * PAGE
    add  s4, s3, t0
1:  ld   t0, 0(s2)
    bnez t0, work_wrong
    addi s1, s1, -1
    beqz s1, work_done
    add  s2, s2, s5
    bltu s2, s4, 1b
    mv   a0, s3
    li   a1, PAGES * PAGE
    system munmap
    beqz a0, next_mapping
    j    work_wrong
