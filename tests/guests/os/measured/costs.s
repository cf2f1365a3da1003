# What the kernel's paths cost in instructions, a line each: a system call that does nothing, fork of a process of 256
# touched pages, a page on demand, a page that is copied.
.include "checking.inc"
.include "measuring.inc"

.equ CALLS, 1000
.equ PAGES, 256

begin
    time_overhead

    li   s2, CALLS
    time_begin
1:  system getppid
    addi s2, s2, -1
    bnez s2, 1b
    time_end
    li   t0, CALLS
    divu s1, s1, t0
    addi s1, s1, -2             # the loop's
    tell "call", s1

    map_memory (PAGES + 1) * PAGE_SIZE
    mv   s3, a0
    sd   s3, 0(s3)              # with the tables
    addi s4, s3, PAGE_SIZE
    mv   s5, s4
    li   s6, PAGES
    time_begin
2:  sd   s5, 0(s5)
    addi s5, s5, PAGE_SIZE
    addi s6, s6, -1
    bnez s6, 2b
    time_end
    srli s1, s1, 8
    addi s1, s1, -4
    tell "demand", s1

    sd   zero, 520(sp)          # the stack's page is there
    time_begin
    fork
    beqz a0, 9f
    mv   s7, a0
    time_end
    tell "fork", s1
    time_begin
    sd   zero, 0(s4)
    time_end
    tell "copy", s1
    time_begin
    wait_for s7
    time_end
    tell "exit", s1
    li   a0, 0
    system exit
9:  li   a0, 0
    system exit
