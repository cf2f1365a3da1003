# init of a context that is checkpointed: it computes with others through pipes, one with a name, and sockets, who sleep and
# send signals, and writes to /out what comes of it. The same whenever it is stopped in between; exit code 3.

.include "os/user/lib/program.inc"

.equ ROUNDS, 48

# expect reg, value, code       end with that code if they differ
.macro expect register, value, code
    li   t0, \value
    beq  \register, t0, .Lright_\@
    li   a0, \code
    j    exit
.Lright_\@:
.endm

.macro naps ns
    li   t0, \ns
    sd   zero, time, t1
    sd   t0, time + 8, t1
    la   a0, time
    li   a1, 0
    system nanosleep
.endm

# makes_pipe NAME    its ends are the words there
.macro makes_pipe name
    la   a0, \name
    li   a1, 0
    system pipe2
    expect a0, 0, 10
.endm

# moves CALL, descriptor, place, bytes    in one piece
.macro moves call, descriptor, place, bytes
    lw   a0, \descriptor
    la   a1, \place
    li   a2, \bytes
    system \call
    expect a0, \bytes, 11
.endm

.macro starts label
    fork
    beqz a0, \label
.endm

# HINDRANCE: what cannot be carried, and then it waits
.ifndef HINDRANCE
.equ HINDRANCE, 0
.endif

main:
.if HINDRANCE == 1              # an open file without a name
    la   a0, out_path
    li   a1, O_WRONLY | O_CREAT
    li   a2, 0644
    open
    li   a0, AT_FDCWD
    la   a1, out_path
    li   a2, 0
    system unlinkat
.endif
.if HINDRANCE == 4              # none: it sleeps for 5 ms, and ends
    naps 5000000
    li   a0, 3
    j    exit
.endif
.if HINDRANCE == 5              # none: it writes more than a pipe holds to who reads after 5 ms, and ends with 3 if all was taken
    makes_pipe questions
    starts reads_late
    lw   a0, questions
    system close
    lw   a0, questions + 4
    la   a1, filled
    li   a2, 4096
    sd   a1, word, t0
    sd   a2, word + 8, t0
    sd   a1, word + 16, t0
    sd   a2, word + 24, t0
    la   a1, word               # in two pieces
    li   a2, 2
    system writev
    expect a0, 8192, 12
    lw   a0, questions + 4
    system close
    li   a0, -1
    la   a1, word
    li   a2, 0
    li   a3, 0
    system wait4
    lw   t0, word
    expect t0, 0, 13
    li   a0, 3
    j    exit

# All that comes is 8,192 bytes of `filled`.
reads_late:
    lw   a0, questions + 4
    system close
    naps 5000000
    li   s0, 0
1:  lw   a0, questions
    la   a1, word
    li   a2, 8
    system read
    beqz a0, 2f
    add  s0, s0, a0
    ld   t1, word
    expect t1, 0x5a5a, 1
    j    1b
2:  expect s0, 8192, 2
    li   a0, 0
    j    exit
.endif
.if HINDRANCE
1:  naps 1000000
    j    1b
.endif
    la   a0, out_path
    li   a1, O_WRONLY | O_CREAT | O_APPEND
    li   a2, 0644
    open
    sw   a0, out_file, t0
    li   a0, AT_FDCWD
    la   a1, fifo_path
    li   a2, S_IFIFO | 0600
    li   a3, 0
    system mknodat
    makes_pipe questions
    makes_pipe answers
    makes_pipe acknowledged
    li   a0, 0                  # memory that children share
    li   a1, 8192
    li   a2, PROT_READ | PROT_WRITE
    li   a3, MAP_SHARED | MAP_ANONYMOUS
    li   a4, -1
    li   a5, 0
    system mmap
    sd   a0, shared, t0
    li   a0, SIGUSR1
    la   a1, action
    li   a2, 0
    li   a3, 8
    system rt_sigaction
    la   t0, word               # one that stays pending
    li   t1, 1 << (SIGUSR2 - 1)
    sd   t1, 0(t0)
    li   a0, SIG_BLOCK
    la   a1, word
    li   a2, 0
    li   a3, 8
    system rt_sigprocmask
    system getpid
    li   a1, SIGUSR2
    system kill
    la   t0, filled             # a page that is all zeros, but not in the file
    li   t1, 4096
    add  t1, t1, t0
1:  sd   zero, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b
    la   a0, work_path
    li   a1, O_RDONLY
    li   a2, 0
    open
    sw   a0, work_file, t0
    li   a0, 0
    system brk
    mv   s1, a0
    li   t0, 3 * 4096
    add  a0, a0, t0
    system brk
    sd   s1, heap, t0
    starts computes
    starts signals
    starts listens
    starts answers_datagrams
    starts fills_fifo
    la   a0, fifo_path
    li   a1, O_RDONLY
    li   a2, 0
    open
    sw   a0, fifo, t0
    call connects
    li   s0, 0                  # the round
    li   s1, 0                  # the sum
1:  sd   s0, word, t0
    moves write, questions + 4, word, 8
    moves read, answers, word, 8
    ld   t0, word
    call sum
    moves read, fifo, word, 8
    ld   t0, word
    call sum
    moves read, work_file, word, 8      # from where it was
    ld   t0, word
    call sum
    ld   t0, shared
    ld   t1, 0(t0)              # who computes counts there
    ld   t0, 4096(t0)
    add  t0, t0, t1
    call sum
    andi t1, s0, 7
    bnez t1, 2f
    sd   s1, word, t0
    moves write, stream, word, 8
    moves read, stream, word, 8
    ld   t0, word
    call sum
    call asks_datagram
    call sum
    naps 300000
2:  ld   t1, heap               # a word of the heap a round
    slli t2, s0, 7
    add  t1, t1, t2
    sd   s1, 0(t1)
    andi t1, s0, 15
    bnez t1, 3f
    call tells
3:  addi s0, s0, 1
    li   t0, ROUNDS
    bltu s0, t0, 1b
    li   s0, 0
4:  ld   t1, heap               # all of it is there still
    slli t2, s0, 7
    add  t1, t1, t2
    ld   t0, 0(t1)
    call sum
    addi s0, s0, 1
    li   t0, ROUNDS
    bltu s0, t0, 4b
    lw   a0, questions + 4
    system close
    lw   a0, stream
    system close
    li   s0, 5
5:  li   a0, -1
    la   a1, word
    li   a2, 0
    li   a3, 0
    system wait4
    bltz a0, 51f
    lw   t0, word
    slli t1, a0, 16             # its id is the same as ever
    add  t0, t0, t1
    sd   t0, word, t1
    ld   t1, ends               # in any order
    add  t1, t1, t0
    sd   t1, ends, t0
    addi s0, s0, -1
    bnez s0, 5b
51: ld   t0, ends
    call sum
    la   a0, word
    li   a1, 8
    system rt_sigpending
    ld   t0, word
    call sum
    la   s2, filled
    li   s3, 4096
    add  s3, s3, s2
6:  ld   t0, 0(s2)
    call sum
    addi s2, s2, 8
    bltu s2, s3, 6b
    ld   t0, handled
    call sum
    call tells
    li   a0, 3
    j    exit

# s1 = the sum with t0; changes t0, t1.
sum:
    li   t1, 0x9e3779b97f4a7c15
    mul  s1, s1, t1
    xor  s1, s1, t0             # which may be made of the sum
    srli t0, s1, 29
    xor  s1, s1, t0
    ret

# A line with the sum goes to /out, and the console.
tells:
    save ra, s0
    la   t1, line
    li   t2, 60
1:  srl  t3, s1, t2
    andi t3, t3, 15
    la   t0, digits
    add  t0, t0, t3
    lbu  t0, 0(t0)
    sb   t0, 0(t1)
    addi t1, t1, 1
    addi t2, t2, -4
    bgez t2, 1b
    moves write, out_file, line, 17
    restore ra, s0
    ret

# Answers each question, a number: the product of all so far, and counts in shared memory.
computes:
    lw   a0, questions + 4
    system close
    li   s1, 1
1:  lw   a0, questions
    la   a1, word
    li   a2, 8
    system read
    beqz a0, 2f
    expect a0, 8, 12
    ld   t0, word
    addi t0, t0, 7
    call sum
    li   s2, 500                # it takes a while
3:  mv   t0, s2
    call sum
    addi s2, s2, -1
    bnez s2, 3b
    ld   t0, shared
    ld   t1, 4096(t0)
    addi t1, t1, 1
    sd   t1, 4096(t0)
    sd   s1, 0(t0)
    sd   s1, word, t0
    moves write, answers + 4, word, 8
    j    1b
2:  li   a0, 5
    j    exit

# Sends init a signal now and then, once the last one was handled.
signals:
    li   s0, 12
1:  naps 700000
    system getppid
    li   a1, SIGUSR1
    system kill
    moves read, acknowledged, word, 1
    addi s0, s0, -1
    bnez s0, 1b
    li   a0, 7
    j    exit

on_signal:
    ld   t0, handled
    addi t0, t0, 1
    sd   t0, handled, t1
    lw   a0, acknowledged + 4
    la   a1, digits
    li   a2, 1
    system write
    ret

# Fills the pipe with a name, which is read slower.
fills_fifo:
    la   a0, fifo_path
    li   a1, O_WRONLY
    li   a2, 0
    open
    sw   a0, fifo, t0
    li   s0, ROUNDS
    li   s1, 3
1:  mv   t0, s0
    call sum
    sd   s1, word, t0
    moves write, fifo, word, 8
    addi s0, s0, -1
    bnez s0, 1b
    li   a0, 6
    j    exit

# Echoes what comes by a connection, added to.
listens:
    li   a0, AF_INET
    li   a1, SOCK_STREAM
    li   a2, 0
    system socket
    mv   s0, a0
    la   a1, address
    li   a2, 16
    system bind
    mv   a0, s0
    li   a1, 2
    system listen
    mv   a0, s0
    li   a1, 0
    li   a2, 0
    system accept
    sw   a0, stream, t0
1:  lw   a0, stream
    la   a1, word
    li   a2, 8
    system read
    beqz a0, 2f
    ld   t0, word
    addi t0, t0, 3
    sd   t0, word, t1
    naps 200000
    moves write, stream, word, 8
    j    1b
2:  li   a0, 8
    j    exit

# Connect with who listens, as soon as that does.
connects:
    save ra
1:  li   a0, AF_INET
    li   a1, SOCK_STREAM
    li   a2, 0
    system socket
    sw   a0, stream, t0
    la   a1, address
    li   a2, 16
    system connect
    beqz a0, 2f
    lw   a0, stream
    system close
    naps 50000
    j    1b
2:  restore ra
    ret

# Answers datagrams, five of them and one for nothing.
answers_datagrams:
    li   a0, AF_INET
    li   a1, SOCK_DGRAM
    li   a2, 0
    system socket
    mv   s0, a0
    la   a1, address
    li   a2, 16
    system bind
    li   s1, ROUNDS / 8
1:  mv   a0, s0
    la   a1, word
    li   a2, 8
    li   a3, 0
    la   a4, sender
    la   a5, sender_length
    system recvfrom
    ld   t0, word
    addi t0, t0, 11
    sd   t0, word, t1
    naps 100000
    mv   a0, s0
    la   a1, word
    li   a2, 8
    li   a3, 0
    la   a4, sender
    li   a5, 16
    system sendto
    addi s1, s1, -1
    bnez s1, 1b
    li   a0, 9
    j    exit

# t0 = what who answers datagrams says to s1.
asks_datagram:
    save ra, s0
    li   a0, AF_INET
    li   a1, SOCK_DGRAM
    li   a2, 0
    system socket
    mv   s0, a0
    sd   s1, word, t0
1:  mv   a0, s0
    la   a1, word
    li   a2, 8
    li   a3, 0
    la   a4, address
    li   a5, 16
    system sendto
    li   t0, 8
    beq  a0, t0, 2f
    naps 50000                  # it is not there yet
    j    1b
2:  mv   a0, s0
    la   a1, word
    li   a2, 8
    li   a3, 0
    li   a4, 0
    li   a5, 0
    system recvfrom
    expect a0, 8, 13
    mv   a0, s0
    system close
    ld   t0, word
    restore ra, s0
    ret

.data
.balign 4096
filled:  .fill 512, 8, 0x5a5a
.balign 8
action:  .dword on_signal, SA_RESTART, 0
address: .byte 2, 0, 0, 77, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0
sender_length: .dword 16
line:    .ascii "0123456789abcdef\n"
digits:  .ascii "0123456789abcdef"
work_path: .asciz "/bin/work"
out_path: .asciz "/out"
fifo_path: .asciz "/fifo"
.bss
.balign 8
questions: .zero 8
answers:   .zero 8
acknowledged: .zero 8
out_file:  .zero 8
work_file: .zero 8
fifo:      .zero 8
stream:    .zero 8
shared:    .zero 8
heap:      .zero 8
handled:   .zero 8
ends:      .zero 8
word:      .zero 32
time:      .zero 16
sender:    .zero 16
