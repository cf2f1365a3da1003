# Computing, and nothing else: the part of a program that no operating system should slow down.
# workload: computing in a program of the operating system
# operation: one round of a sieve, a CRC, a matrix product, a sort, decimal text with a hash, and recursion

.include "os/bench/bench.inc"
.include "lib/computing.inc"

# s1 = rounds left, s2 = the buffers, s4 = what each round comes to
work:
    mv   s1, s0
    la   s2, buffers
    li   s4, CHECKSUM
1:  beqz s1, work_done
    call round
    bne  s3, s4, work_wrong
    addi s1, s1, -1
    j    1b

.bss
.balign 8
buffers: .zero COMPUTING_SIZE
