# misbehave KIND [ADDRESS]: a system that takes whatever it gets of one thing, without end: memory, fork, cpu, disk, console,
# messages, the last to ADDRESS. What it is refused it asks for again.

.include "os/user/lib/program.inc"
.include "os/user/lib/wait.inc"
.include "os/user/lib/addresses.inc"

.equ PORT,   7                  # of serve
.equ AT_ONCE, 8                 # processes of the kinds that are not about them
.equ PAGE,   4096
.equ PAGES,  64                 # of a piece of memory
.equ ROOM,   16384

# kind_row NAME   what misbehave_NAME does
.macro kind_row name
    .pushsection .rodata
.Lkind_\@: .asciz "\name"
    .popsection
    .dword .Lkind_\@, misbehave_\name
.endm

.section .kinds, "a"
.balign 8
kinds:
    kind_row memory
    kind_row fork
    kind_row cpu
    kind_row disk
    kind_row console
    kind_row messages
kinds_end:
.text

# s0 = a row, s1 = the kind, s2 = the address
main:
    li   t0, 2
    blt  a0, t0, 9f
    ld   s1, 8(a1)
    la   s2, no_address
    beq  a0, t0, 1f
    ld   s2, 16(a1)
1:  la   s0, kinds
2:  ld   a0, 0(s0)
    mv   a1, s1
    call string_compare
    beqz a0, 3f
    addi s0, s0, 16
    la   t0, kinds_end
    bltu s0, t0, 2b
9:  usage "misbehave memory|fork|cpu|disk|console|messages [ADDRESS]"
3:  mv   a0, s2
    call address_take
    bnez a0, 9b
    ld   t0, 8(s0)
    jr   t0
.rodata
no_address: .asciz "127.0.0.1"
.text

# Go on AT_ONCE times, and be waited for. Changes a0-a4, a7, t0, t1. s3 = those to come
several:
    save ra, s3
    li   s3, AT_ONCE - 1
1:  fork
    beqz a0, 2f
    addi s3, s3, -1
    bnez s3, 1b
2:  restore ra, s3
    ret

# Memory, piece after piece; one that is killed for it is replaced.
misbehave_memory:
    fork
    beqz a0, 1f
    bltz a0, misbehave_memory
    call wait_for
    j    misbehave_memory
1:  map_memory PAGES * PAGE
    bltz a0, 1b
    li   t0, PAGES
    li   t1, PAGE
2:  sd   a0, 0(a0)
    add  a0, a0, t1
    addi t0, t0, -1
    bnez t0, 2b
    j    1b

misbehave_fork:
    fork
    j    misbehave_fork

misbehave_cpu:
    call several
1:  j    1b

# Files of its own, written and made durable again and again. s0 = the file
misbehave_disk:
    call several
    system getpid
    la   t0, name_digits + 5
    li   t1, 10
    li   t2, 5
1:  remu t3, a0, t1
    divu a0, a0, t1
    addi t3, t3, '0'
    addi t0, t0, -1
    sb   t3, 0(t0)
    addi t2, t2, -1
    bnez t2, 1b
2:  la   a0, name
    li   a1, O_WRONLY | O_CREAT | O_TRUNC
    li   a2, 0600
    open
    bltz a0, 2b
    mv   s0, a0
3:  mv   a0, s0
    la   a1, room
    li   a2, ROOM
    system write
    li   t0, ROOM
    beq  a0, t0, 3b
    mv   a0, s0                 # it is as long as there is room for
    system close
    j    2b

misbehave_console:
    la   a0, console
    li   a1, O_WRONLY
    li   a2, 0
    open
    mv   s0, a0
    la   t0, room
    li   t1, ROOM
    add  t1, t1, t0
    li   t2, 'x'
1:  sb   t2, 0(t0)
    addi t0, t0, 1
    bltu t0, t1, 1b
2:  mv   a0, s0
    la   a1, room
    li   a2, ROOM
    system write
    j    2b

# s0 = a socket
misbehave_messages:
    call several
    li   t0, AF_INET
    sh   t0, address, t1
    la   t1, address
    li   t0, PORT
    sb   t0, 3(t1)
1:  li   a0, AF_INET
    li   a1, SOCK_DGRAM
    li   a2, 0
    system socket
    bltz a0, 1b
    mv   s0, a0
2:  mv   a0, s0
    la   a1, room
    li   a2, 512
    li   a3, 0
    la   a4, address
    li   a5, SOCKADDR_SIZE
    system sendto
    j    2b

.rodata
console: .asciz "/dev/console"
.data
name:    .ascii "/tmp/hog."
name_digits: .asciz "00000"
.bss
.balign 8
room:    .zero ROOM
