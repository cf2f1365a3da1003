# heap: grows its heap, finds it zero, fills it, finds it filled, shrinks it, and finds it gone and zero again.

.equ HEAP_PAGES, 64

program heap
    li   a0, HEAP_PAGES * PAGE_SIZE
    sys  sbrk
    mv   s0, a0                 # begin
    li   s1, HEAP_PAGES * PAGE_SIZE
    add  s1, s0, s1             # end
    mv   t0, s0
1:  ld   t1, 0(t0)              # the first touch of each page
    bnez t1, 5f
    sd   t0, 0(t0)
    addi t0, t0, PAGE_SIZE
    bltu t0, s1, 1b
    mv   t0, s0
2:  ld   t1, 0(t0)
    bne  t1, t0, 5f
    addi t0, t0, PAGE_SIZE
    bltu t0, s1, 2b
    li   a0, -HEAP_PAGES / 2 * PAGE_SIZE
    sys  sbrk
    bne  a0, s1, 5f
    li   a0, 1                  # the last page is gone
    addi a1, s1, -8
    li   a2, 8
    sys  write
    li   t0, -EFAULT
    bne  a0, t0, 5f
    li   a0, HEAP_PAGES / 2 * PAGE_SIZE
    sys  sbrk
    ld   t1, -PAGE_SIZE(s1)     # it comes back empty
    bnez t1, 5f
    ld   t1, 0(s0)              # what was kept is still there
    bne  t1, s0, 5f
    li   a0, 0x10000000         # more than there can be
    sys  sbrk
    li   t0, -ENOMEM
    bne  a0, t0, 5f
    say  "heap: 64 pages, zero at first, kept, shrunk and grown\n"
    li   a0, 0
    sys  exit
5:  say  "heap: wrong contents\n"
    li   a0, 1
    sys  exit
program_end heap
