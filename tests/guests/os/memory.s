# brk, mmap, mprotect, munmap, the stack: pages of zeros on demand, and signals where there is nothing.
.include "checking.inc"

# touch ADDRESS, do   a child that loads or stores there ends by SIGSEGV
.macro touch address, do
    fork
    beqz a0, .Lchild_\@
    wait_for a0
    expect t1, SIGSEGV, "\do at \address"
    j    .Lparent_\@
.Lchild_\@:
    li   t0, \address
    \do   t0, 0(t0)
    system exit
.Lparent_\@:
.endm

begin
    li   a0, 0                  # brk
    system brk
    mv   s0, a0
    li   t0, 0x5008
    add  a0, s0, t0
    system brk
    sub  a0, a0, s0
    expect a0, 0x5008, "brk upward"
    ld   t1, 0(s0)
    expect t1, 0, "a new heap's beginning"
    li   t1, 0x5000
    add  t1, t1, s0
    li   t2, 9
    sd   t2, 0(t1)
    addi a0, s0, 16
    system brk
    li   t0, 0x6000
    add  a0, s0, t0
    system brk
    li   t1, 0x5000
    add  t1, t1, s0
    ld   t1, 0(t1)
    expect t1, 0, "heap that was given back and got again"
    li   a0, 1 << 40
    system brk
    sub  a0, a0, s0
    expect a0, 0x6000, "brk too far"
    fork
    beqz a0, 1f
    wait_for a0
    expect t1, SIGSEGV, "behind the heap"
    j    2f
1:  li   t0, 0x6000
    add  t0, t0, s0
    sd   t0, 0(t0)
    system exit

2:  map_memory 0x2001
    mv   s1, a0
    li   t0, 0x3fc0000000 - 0x3000
    expect_same s1, t0, "where the first mapping is"
    li   t1, 0x2ff8
    add  t1, t1, s1
    li   t2, 5
    sd   t2, 0(t1)
    sd   t2, 0(s1)
    li   a0, 0
    li   a1, 0x1000
    system mmap
    add  a0, a0, a1
    expect_same a0, s1, "where the second mapping ends"
    li   t0, 0x1000             # a hole in the first
    add  a0, s1, t0
    li   a1, 0x1000
    system munmap
    expect a0, 0, "munmap in the middle"
    ld   t1, 0(s1)
    expect t1, 5, "what is before the hole"
    li   t1, 0x2ff8
    add  t1, t1, s1
    ld   t1, 0(t1)
    expect t1, 5, "what is behind it"
    fork
    beqz a0, 1f
    wait_for a0
    expect t1, SIGSEGV, "in the hole"
    j    2f
1:  li   t0, 0x1000
    add  t0, t0, s1
    ld   a0, 0(t0)
    system exit

2:  mv   a0, s1                 # mprotect
    li   a1, 0x1000
    li   a2, PROT_READ
    system mprotect
    expect a0, 0, "mprotect"
    ld   t1, 0(s1)
    expect t1, 5, "what may be read alone"
    li   a0, 1
    mv   a1, s1
    system clock_gettime
    expect a0, -EFAULT, "a call that is to write there"
    fork
    beqz a0, 1f
    wait_for a0
    expect t1, SIGSEGV, "a store there"
    j    2f
1:  sd   zero, 0(s1)
    system exit
2:  mv   a0, s1
    li   a1, 0x1000
    li   a2, 0
    system mprotect
    fork
    beqz a0, 1f
    wait_for a0
    expect t1, SIGSEGV, "a load from what may not be used"
    j    2f
1:  ld   a0, 0(s1)
    system exit
2:  mv   a0, s1
    li   a1, 0x1000
    li   a2, PROT_READ | PROT_WRITE
    system mprotect
    ld   t1, 0(s1)
    expect t1, 5, "what may be used again"
    li   t1, 6
    sd   t1, 0(s1)
    mv   a0, s1
    li   a1, 0x3000
    li   a2, PROT_READ
    system mprotect
    expect a0, -ENOMEM, "mprotect over a hole"
    addi a0, s1, 8
    li   a1, 0x1000
    system mprotect
    expect a0, -EINVAL, "mprotect of no page"

    li   a0, 0                  # shared: a child's store is seen
    li   a1, 0x2000
    li   a2, PROT_READ | PROT_WRITE
    li   a3, MAP_SHARED | MAP_ANONYMOUS
    li   a4, -1
    li   a5, 0
    system mmap
    mv   s2, a0
    fork
    bnez a0, 1f
    li   t0, 7
    sd   t0, 0(s2)
    li   t1, 0x1000
    add  t1, t1, s2
    sd   t0, 0(t1)
    system exit
1:  wait_for a0
    ld   t1, 0(s2)
    expect t1, 7, "a shared page"
    li   t1, 0x1000
    add  t1, t1, s2
    ld   t1, 0(t1)
    expect t1, 7, "a second one"

    mv   a0, s2                 # a mapping at an address takes the place of what is there
    li   a1, 0x1000
    li   a2, PROT_READ | PROT_WRITE
    li   a3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    li   a4, -1
    li   a5, 0
    system mmap
    expect_same a0, s2, "mmap at an address"
    ld   t1, 0(s2)
    expect t1, 0, "what is there then"
    li   a0, 0
    li   a1, 0
    system mmap
    expect a0, -EINVAL, "mmap of nothing"
    li   a0, 0
    li   a1, 1 << 36
    system mmap
    expect a0, -ENOMEM, "mmap of more than there could be"
    li   a0, 0
    li   a1, 0x1000
    li   a2, PROT_READ
    li   a3, MAP_PRIVATE
    li   a4, 55
    system mmap
    expect a0, -EBADF, "mmap of no file"

    li   a0, AT_FDCWD           # a file's pages: this program's first ones
    la   a1, path
    li   a2, O_RDONLY
    li   a3, 0
    system openat
    mv   a4, a0
    li   a0, 0
    li   a1, 0x2000
    li   a2, PROT_READ | PROT_WRITE
    li   a3, MAP_PRIVATE
    li   a5, 0
    system mmap
    mv   s3, a0
    lwu  t1, 0(s3)
    expect t1, 0x464c457f, "the beginning of a file"
    fork
    bnez a0, 1f
    sw   zero, 0(s3)
    lwu  a0, 0(s3)
    system exit
1:  wait_for a0
    expect t1, 0, "a copy of a file's page"
    lwu  t1, 0(s3)
    expect t1, 0x464c457f, "the page itself"
    sw   zero, 0(s3)

    li   t1, 1 << 20            # the stack
    sub  t1, sp, t1
    sd   t1, 0(t1)
    ld   t2, 0(t1)
    expect_same t1, t2, "a MiB further down on the stack"
    fork
    beqz a0, 1f
    wait_for a0
    expect t1, SIGSEGV, "beyond the stack's limit"
    j    2f
1:  li   t1, 9 << 20
    sub  t1, sp, t1
    sd   t1, 0(t1)
    system exit
2:  touch 0, ld
    touch 0x8000, sd
    touch 0x4000000000, sd
    touch 0xffffffc000001000, ld
    touch 0xffffffffffffc000, ld
    finish
.rodata
path: .asciz "/bin/init"
