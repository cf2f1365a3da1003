# Characters to the console, a line at a time.
# workload: characters out through the system's console
# operation: one character written, 64 a call
# period: 64

.include "os/bench/bench.inc"

.equ LINE, 64

# s1 = those left, s2 = how many are written next
work:
    mv   s1, s0
1:  beqz s1, work_done
    li   s2, LINE
    bgeu s1, s2, 2f
    mv   s2, s1
2:  li   a0, 1
    la   a1, own_line
    mv   a2, s2
    system write
    bne  a0, s2, work_wrong
    sub  s1, s1, s2
    j    1b

.rodata
own_line: .ascii "the quick brown fox jumps over the lazy dogs, 0123456789 times.\n"
.if . - own_line != LINE
.error "the line has not the length that it should have"
.endif
