# No memory left: who touches one page too many ends, calls fail, and all comes back.
# output: kernel: out of memory: process 2 (init) is killed\nkernel: out of memory: process 3 (init) is killed\nok\n
.include "checking.inc"

begin
    call free_pages
    mv   s0, a0
    fork
    beqz a0, greedy
    wait_for a0
    expect t1, SIGKILL, "who took all memory"
    call free_pages
    expect_same a0, s0, "free pages behind that"

    fork                        # a heap likewise
    bnez a0, 1f
    li   a0, 0
    system brk
    mv   s1, a0
2:  li   t0, 0x1000
    add  s1, s1, t0
    mv   a0, s1
    system brk
    bne  a0, s1, 3f             # brk says so itself where it can never be
    li   t0, -8
    add  t0, t0, s1
    sd   t0, 0(t0)
    j    2b
3:  li   a0, 7
    system exit
1:  wait_for a0
    expect t1, SIGKILL, "whose heap took all memory"
    call free_pages
    expect_same a0, s0, "free pages behind that"

    fork                        # memory is full, but for some pages: fork, execve and calls fail, and say so
    bnez a0, 1f
    la   t0, nothing
    ld   t0, 0(t0)
    call take_most
    li   s2, 0
4:  fork
    beqz a0, sleeping
    bltz a0, 5f
    addi s2, s2, 1
    j    4b
5:  expect a0, -ENOMEM, "fork without memory"
    li   a0, -1
    li   a1, SIGKILL
    system kill
6:  wait_any
    bgez a0, 6b
    expect a0, -ECHILD, "the end of those that could be made"
    mv   a0, s11
    system exit
1:  wait_for a0
    expect t1, 0, "who forked without memory"
    call free_pages
    expect_same a0, s0, "free pages behind that"
    finish

# a0 = how many pages are free.
free_pages:
    addi a0, sp, 512
    system sysinfo
    ld   a0, 512 + 40(sp)
    srli a0, a0, 12
    ret

# a0 = a mapping of 10 MiB
mapping:
    map_memory 10 << 20
    ret

greedy:
    call mapping
    mv   s3, a0
    call mapping
    mv   s4, a0
    call touch
    mv   s4, s3
    call touch
    li   a0, 0
    system exit

# Touch 10 MiB from s4 on.
touch:
    li   t1, 10 << 20
    add  t1, t1, s4
    li   t2, 0x1000
1:  sd   t2, 0(s4)
    add  s4, s4, t2
    bltu s4, t1, 1b
    ret

# Touch pages of a mapping until 100 are free.
take_most:
    mv   s5, ra
    call mapping
    call mapping                # right below the first
    mv   s4, a0
1:  sd   s4, 0(s4)
    li   t0, 0x1000
    add  s4, s4, t0
    call free_pages
    li   t0, 100
    bgtu a0, t0, 1b
    mv   ra, s5
    ret

sleeping:                       # without a page of its own
    la   a0, nothing
    li   a1, 8
    system rt_sigsuspend
.rodata
.balign 8
nothing: .dword 0
