# Writes that wait for room and are interrupted with a part taken in: they go on behind it, but where a handler has run.
.include "checking.inc"

.equ MUCH, 10000                # more than twice what a pipe holds
.equ HELD, 4096

# makes_pipe    s0, s1 = its ends
.macro makes_pipe
    mv   a0, sp
    li   a1, 0
    system pipe2
    expect a0, 0, "pipe2"
    lw   s0, 0(sp)
    lw   s1, 4(sp)
.endm

# child_begins LABEL    in a child, which only has the end to write; the parent, which only has the other, goes on at LABEL; s2 = it
.macro child_begins label
    fork
    mv   s2, a0
    bnez a0, \label
    mv   a0, s0
    system close
.endm

# child_writes CALL, address, count, result    the child's call, which has to have that result; it ends
.macro child_writes call, address, count, result
    mv   a0, s1
    la   a1, \address
    li   a2, \count
    system \call
    li   t0, \result
    sub  a0, a0, t0
    snez a0, a0
    system exit
.endm

# signals SIGNAL...    the child gets them, one after another
.macro signals signals:vararg
    mv   a0, s1
    system close
    nap  100000
    .irp signal, \signals
    mv   a0, s2
    li   a1, \signal
    system kill
    nap  100000
    .endr
.endm

# reads COUNT, "what"    all that comes is so many bytes, which are those of `much`; and the child found its write as it expected
.macro reads count, what
    call read_all
    expect a0, \count, "\what"
    expect a1, 0, "\what, bytes out of place"
    wait_for s2
    expect t1, 0, "\what, the child's result"
.endm

begin
    la   t0, much
    li   t1, 0
    li   t2, MUCH
1:  li   t3, 7
    mul  t3, t3, t1
    srli t4, t1, 8              # no two stretches of the same bytes
    add  t3, t3, t4
    add  t4, t0, t1
    sb   t3, 0(t4)
    addi t1, t1, 1
    bltu t1, t2, 1b

    makes_pipe
    child_begins 1f
    child_writes write, much, MUCH, MUCH
1:  signals SIGSTOP, SIGCONT, SIGSTOP, SIGCONT
    reads MUCH, "a write to a pipe"

    makes_pipe
    child_begins 1f
    child_writes writev, pieces, 4, MUCH
1:  signals SIGSTOP, SIGCONT, SIGSTOP, SIGCONT
    reads MUCH, "pieces to a pipe"

    call connected
    child_begins 1f
    child_writes write, much, MUCH, MUCH
1:  signals SIGSTOP, SIGCONT, SIGSTOP, SIGCONT
    reads MUCH, "a write to a connection"

    call connected
    child_begins 1f
    child_writes writev, pieces, 4, MUCH
1:  signals SIGSTOP, SIGCONT, SIGSTOP, SIGCONT
    reads MUCH, "pieces to a connection"

    .irp call, write, writev    # a handler has run: what was taken in is the result, and the next write is a new one
    makes_pipe
    child_begins 2f
    la   t0, handler
    action SIGUSR1, SA_RESTART
    mv   a0, s1
    la   a1, much_\call
    li   a2, COUNT_\call
    system \call
    li   t0, HELD
    beq  a0, t0, 1f
    li   a0, 1
    system exit
1:  child_writes write, much + HELD, 300, 300
2:  signals SIGSTOP, SIGUSR1, SIGCONT
    reads HELD + 300, "after a handler"
    .endr
    finish

# a0 = how many bytes there are to read at s0, a1 = how many of them are not as in `much`; closes it.
read_all:
    li   s3, 0
    li   s4, 0
1:  mv   a0, s0
    la   a1, got
    li   a2, 1000
    system read
    blez a0, 4f
    la   t0, got
    la   t1, much
    add  t1, t1, s3
    add  s3, s3, a0
2:  lbu  t2, 0(t0)
    lbu  t3, 0(t1)
    sub  t2, t2, t3
    snez t2, t2
    add  s4, s4, t2
    addi t0, t0, 1
    addi t1, t1, 1
    addi a0, a0, -1
    bnez a0, 2b
    j    1b
4:  mv   a0, s0
    system close
    mv   a0, s3
    mv   a1, s4
    ret

# s0, s1 = two ends of a connection.
connected:
    li   a0, AF_INET
    li   a1, SOCK_STREAM
    li   a2, 0
    system socket
    mv   s3, a0
    la   a1, address
    li   a2, 16
    system bind
    mv   a0, s3
    li   a1, 1
    system listen
    li   a0, AF_INET
    li   a1, SOCK_STREAM
    li   a2, 0
    system socket
    mv   s1, a0
    la   a1, address
    li   a2, 16
    system connect
    mv   a0, s3
    li   a1, 0
    li   a2, 0
    system accept
    mv   s0, a0
    mv   a0, s3
    system close
    ret

handler:
    ret

.data
.balign 8
pieces:  .dword much, 3000, much, 0, much + 3000, 5000, much + 8000, 2000
address: .byte 2, 0, 0, 77, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0
.equ much_write,   much
.equ COUNT_write,  MUCH
.equ much_writev,  pieces
.equ COUNT_writev, 4
.bss
.balign 8
much:    .zero MUCH
got:     .zero 1000
