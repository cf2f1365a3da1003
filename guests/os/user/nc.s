# nc [-u] ADDRESS PORT: send standard input to a port, and print what comes back; nc -l [-u] PORT: wait for that, print what comes.
#
#   -l  listen   -u  datagrams, one a line, instead of a connection

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"
.include "os/user/lib/input.inc"
.include "os/user/lib/addresses.inc"

.equ LISTEN,   1
.equ DATAGRAM, 2
.equ NC_ROOM,  2048

.bss
.balign 8
buffer:  .zero NC_ROOM
.text

# s0 = options, s1 = arguments left, s2 = where they are, s3 = the socket
main:
    la   a2, letters
    call options_take
    mv   s0, a2
    mv   s1, a0
    mv   s2, a1
    li   t0, AF_INET
    sh   t0, address, t1
    li   t0, 1
    andi t1, s0, LISTEN
    bnez t1, 1f
    li   t0, 2
1:  bne  s1, t0, 9f
    andi t1, s0, LISTEN
    bnez t1, 2f
    ld   a0, 0(s2)
    call address_take
    bnez a0, 9f
    addi s2, s2, 8
2:  ld   a0, 0(s2)
    call string_number
    bnez a1, 9f
    li   t0, 65535
    bgtu a0, t0, 9f
    srli t0, a0, 8
    la   t1, address
    sb   t0, 2(t1)
    sb   a0, 3(t1)
    li   a0, AF_INET
    li   a1, SOCK_STREAM
    andi t0, s0, DATAGRAM
    beqz t0, 3f
    li   a1, SOCK_DGRAM
3:  li   a2, 0
    system socket
    bltz a0, 8f
    mv   s3, a0
    andi t0, s0, LISTEN
    bnez t0, 5f
    mv   a0, s3
    la   a1, address
    li   a2, SOCKADDR_SIZE
    system connect
    bltz a0, 8f
    call lines_send
    andi t0, s0, DATAGRAM
    bnez t0, 7f
    mv   a0, s3
    li   a1, SHUT_WR
    system shutdown
    j    6f
5:  mv   a0, s3
    la   a1, address
    li   a2, SOCKADDR_SIZE
    system bind
    bltz a0, 8f
    andi t0, s0, DATAGRAM
    bnez t0, 6f
    mv   a0, s3
    li   a1, 1
    system listen
    bltz a0, 8f
    mv   a0, s3
    li   a1, 0
    li   a2, 0
    system accept
    bltz a0, 8f
    mv   s3, a0
6:  mv   a0, s3
    la   a1, buffer
    li   a2, NC_ROOM
    system read
    bltz a0, 8f
    beqz a0, 7f
    mv   a1, a0
    la   a0, buffer
    call out_bytes
    call out_flush
    j    6b
7:  li   a0, 0
    j    exit
8:  mv   a1, a0
    la   a0, socket_name
    call complain
    li   a0, 1
    j    exit
9:  usage "nc [-u] ADDRESS PORT | nc -l [-u] PORT"
.rodata
letters:     .asciz "lu"
socket_name: .asciz "socket"
.text

# Send standard input, a line at a time. s4 = bytes of the line
lines_send:
    save ra, s4
    li   a0, 0
    la   a1, standard_input
    call input_begin
1:  li   s4, 0
2:  call input_byte
    bltz a0, 3f
    la   t0, buffer
    add  t0, t0, s4
    sb   a0, 0(t0)
    addi s4, s4, 1
    li   t0, '\n'
    beq  a0, t0, 3f
    li   t0, NC_ROOM
    bne  s4, t0, 2b
3:  beqz s4, 4f
    mv   s5, a0
    mv   a0, s3
    la   a1, buffer
    mv   a2, s4
    system write
    bltz a0, 5f
    bgez s5, 1b
4:  restore ra, s4
    ret
5:  mv   a1, a0
    la   a0, socket_name
    call complain
    li   a0, 1
    j    exit
