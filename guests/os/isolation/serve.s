# serve N: a well-behaved system's work: N requests, each of which needs some of all that a system has. It ends with 0 if all of
# them were served, with 1 as soon as one could not be.
#
# A request sends itself a message, and has a child answer it: that computes, takes pages, writes a file and reads it, and prints.

.include "os/user/lib/program.inc"
.include "os/user/lib/wait.inc"

.equ PORT,  7
.equ PAGES, 16                  # that a child takes
.equ PAGE,  4096
.equ FILE,  2048                # bytes
.equ TURNS, 1000                # of a loop

# s0 = requests left, s1 = a socket that is bound to PORT, s2 = the request's child
main:
    li   t0, 2
    bne  a0, t0, failed
    ld   a0, 8(a1)
    call string_number
    bnez a1, failed
    mv   s0, a0
    li   a0, AF_INET
    li   a1, SOCK_DGRAM
    li   a2, 0
    system socket
    bltz a0, failed
    mv   s1, a0
    la   a1, any_address
    li   a2, SOCKADDR_SIZE
    system bind
    bnez a0, failed
1:  beqz s0, 2f
    call message_pass
    fork
    bltz a0, failed
    beqz a0, answer
    call wait_for
    bnez a0, failed
    addi s0, s0, -1
    j    1b
2:  li   a0, 0
    j    exit

failed:
    li   a0, 1
    j    exit

# Send a message to oneself and take messages until it has come. Called by main.
message_pass:
    save ra
    mv   a0, s1
    la   a1, message
    li   a2, MESSAGE_SIZE
    li   a3, 0
    la   a4, own_address
    li   a5, SOCKADDR_SIZE
    system sendto
    li   t0, MESSAGE_SIZE
    bne  a0, t0, failed
1:  mv   a0, s1
    la   a1, buffer
    li   a2, FILE
    li   a3, 0
    li   a4, 0
    li   a5, 0
    system recvfrom
    bltz a0, failed
    li   t0, MESSAGE_SIZE
    bne  a0, t0, 1b
    restore ra
    ret

# The child. s3 = pages, s4 = turns or a place, s5 = the file
answer:
    li   s4, TURNS
    li   t1, 1
1:  mul  t1, t1, s4
    addi s4, s4, -1
    bnez s4, 1b
    map_memory PAGES * PAGE
    bltz a0, failed
    li   s4, PAGES
    li   t2, PAGE
2:  sd   a0, 0(a0)
    add  a0, a0, t2
    addi s4, s4, -1
    bnez s4, 2b
    la   a0, file
    li   a1, O_RDWR | O_CREAT | O_TRUNC
    li   a2, 0600
    open
    bltz a0, failed
    mv   s5, a0
    la   a1, buffer
    li   a2, FILE
    li   a3, 0
    system pwrite64
    li   t0, FILE
    bne  a0, t0, failed
    mv   a0, s5
    la   a1, buffer
    li   a2, FILE
    li   a3, 0
    system pread64
    li   t0, FILE
    bne  a0, t0, failed
    li   a0, 1
    la   a1, message
    li   a2, MESSAGE_SIZE
    system write
    li   t0, MESSAGE_SIZE
    bne  a0, t0, failed
    li   a0, 0
    system exit_group

.rodata
file:    .asciz "/tmp/served"
message: .ascii "a request\n"
.equ MESSAGE_SIZE, . - message
.balign 4
any_address: .short AF_INET
    .byte 0, PORT, 0, 0, 0, 0
    .zero SOCKADDR_SIZE - 8
own_address: .short AF_INET
    .byte 0, PORT, 127, 0, 0, 1
    .zero SOCKADDR_SIZE - 8
.bss
.balign 8
buffer: .zero FILE
