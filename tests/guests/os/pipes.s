# Pipes, with names and without, what processes share of files, and waiting for any of many.
.include "checking.inc"
begin
    mv   a0, sp                 # a reader that waits for its writer
    li   a1, 0
    system pipe2
    expect a0, 0, "pipe2"
    lw   s0, 0(sp)
    lw   s1, 4(sp)
    fork
    bnez a0, 1f
    nap  1000000
    mv   a0, s1
    la   a1, words
    li   a2, 5
    system write
    addi a0, a0, -5
    system exit
1:  mv   s2, a0
    mv   a0, s0
    addi a1, sp, 64
    li   a2, 100
    system read
    expect a0, 5, "bytes that a pipe gives"
    lw   t1, 64(sp)
    li   t2, 'w' | 'o' << 8 | 'r' << 16 | 'd' << 24
    expect_same t1, t2, "what a pipe gives"
    wait_for s2
    expect t1, 0, "a child that writes"

    fork                        # more than a pipe holds, to a reader that takes its time
    bnez a0, 3f
    mv   a0, s0
    system close
    mv   a0, s1
    la   a1, much
    li   a2, MUCH
    system write
    li   t0, MUCH
    sub  a0, a0, t0
    snez a0, a0
    system exit
3:  mv   s2, a0
    mv   a0, s1
    system close
    li   s3, 0
4:  mv   a0, s0
    la   a1, much
    li   a2, 1000
    system read
    add  s3, s3, a0
    bgtz a0, 4b
    expect a0, 0, "a pipe without a writer"
    expect s3, MUCH, "all that was written"
    wait_for s2
    expect t1, 0, "a child that writes much"
    mv   a0, s0
    system close

    mv   a0, sp                 # nobody reads
    li   a1, O_NONBLOCK
    system pipe2
    lw   a0, 0(sp)
    addi a1, sp, 64
    li   a2, 1
    system read
    expect a0, -EAGAIN, "a pipe that does not wait"
    lw   a0, 4(sp)
    la   a1, much
    li   a2, 5000
    system write
    expect a0, 4096, "what a pipe holds"
    lw   a0, 4(sp)
    la   a1, words
    li   a2, 1
    system write
    expect a0, -EAGAIN, "a full pipe"
    lw   a0, 0(sp)
    system close
    fork
    bnez a0, 5f
    lw   a0, 4(sp)
    la   a1, words
    li   a2, 1
    system write
    system exit
5:  wait_for a0
    expect t1, SIGPIPE, "a pipe that nobody reads"
    lw   a0, 4(sp)
    system close

    mv   a0, sp                 # ppoll
    li   a1, 0
    system pipe2
    lw   t0, 0(sp)
    sw   t0, 16(sp)
    li   t0, POLLIN
    sw   t0, 20(sp)
    lw   t0, 4(sp)
    sw   t0, 24(sp)
    li   t0, POLLOUT
    sw   t0, 28(sp)
    li   t0, 99
    sw   t0, 32(sp)
    sw   zero, 36(sp)
    sd   zero, 48(sp)
    li   t0, 1000000
    sd   t0, 56(sp)
    addi a0, sp, 16
    li   a1, 1
    addi a2, sp, 48
    li   a3, 0
    system ppoll
    expect a0, 0, "ppoll of an empty pipe, for a time"
    addi a0, sp, 16
    li   a1, 3
    li   a2, 0
    system ppoll
    expect a0, 2, "ppoll of a pipe to write, and of no file"
    lhu  t1, 30(sp)
    expect t1, POLLOUT, "what it says of the pipe"
    lhu  t1, 38(sp)
    expect t1, POLLNVAL, "what it says of no file"
    fork
    bnez a0, 6f
    nap  1000000
    lw   a0, 4(sp)
    la   a1, words
    li   a2, 1
    system write
    li   a0, 0
    system exit
6:  mv   s2, a0
    addi a0, sp, 16
    li   a1, 1
    li   a2, 0
    system ppoll
    expect a0, 1, "ppoll until something is written"
    wait_for s2

    li   a0, AT_FDCWD           # a pipe with a name: each end waits for the other
    la   a1, name
    li   a2, S_IFIFO | 0600
    li   a3, 0
    system mknodat
    expect a0, 0, "mknodat"
    fork
    bnez a0, 7f
    li   a0, AT_FDCWD
    la   a1, name
    li   a2, O_WRONLY
    system openat
    la   a1, words
    li   a2, 5
    system write
    li   a0, 0
    system exit
7:  mv   s2, a0
    li   a0, AT_FDCWD
    la   a1, name
    li   a2, O_RDONLY
    system openat
    mv   s0, a0
    addi a1, sp, 64
    li   a2, 100
    system read
    expect a0, 5, "a pipe with a name"
    mv   a0, s0
    addi a1, sp, 64
    li   a2, 100
    system read
    expect a0, 0, "its end"
    wait_for s2
    mv   a0, s0
    system close
    li   a0, AT_FDCWD
    la   a1, name
    li   a2, O_WRONLY | O_NONBLOCK
    system openat
    expect a0, -ENXIO, "a named pipe that nobody reads"
    li   a0, AT_FDCWD
    la   a1, name
    li   a2, 0
    system unlinkat

    li   a0, AT_FDCWD           # parent and child share an offset
    la   a1, name
    li   a2, O_RDWR | O_CREAT
    li   a3, 0600
    system openat
    mv   s0, a0
    fork
    bnez a0, 8f
    mv   a0, s0
    la   a1, words
    li   a2, 5
    system write
    li   a0, 0
    system exit
8:  wait_for a0
    mv   a0, s0
    li   a1, 0
    li   a2, SEEK_CUR
    system lseek
    expect a0, 5, "an offset that a child has moved"
    li   a0, AT_FDCWD           # what is open stays, without a name
    la   a1, name
    li   a2, 0
    system unlinkat
    mv   a0, s0
    addi a1, sp, 64
    li   a2, 100
    li   a3, 0
    system pread64
    expect a0, 5, "a file without a name"
    mv   a0, s0
    system close

    li   a0, AT_FDCWD           # nothing of all that is left
    la   a1, checks
    li   a2, O_RDONLY
    system openat
    addi a1, sp, 64
    li   a2, 100
    system read
    expect a0, 3, "the kernel's own check"
finish

.equ MUCH, 20000
.rodata
words:  .ascii "words"
name:   .asciz "/tmp/pipe"
checks: .asciz "/proc/selfcheck"
.bss
much:   .zero MUCH
