# A datagram goes to a port of the host's, at the address that is everybody's own.
# case: services of the host reached on 127.0.0.1 (CVE-2020-15257: containerd-shim's abstract socket)
# plant: PLANT_SOCKETS

.include "escape.inc"

.equ meanwhile, nothing

.equ SOCKADDR_SIZE, 16
.equ PORT, 1234
.bss
.balign 8
address: .zero SOCKADDR_SIZE
socket_outside: .zero 8
.text
# The address is 127.0.0.1, and the port PORT.
address_make:
    la   t0, address
    li   t1, AF_INET
    sh   t1, 0(t0)
    li   t1, PORT >> 8 | (PORT & 255) << 8
    sh   t1, 2(t0)
    li   t1, 0x0100007f
    sw   t1, 4(t0)
    ret
# a0 = a socket for datagrams
socket_make:
    save ra
    li   a0, AF_INET
    li   a1, SOCK_DGRAM
    li   a2, 0
    must socket, "socket"
    restore ra
    ret

outside:
    save ra
    call address_make
    call socket_make
    sd   a0, socket_outside, t0
    la   a1, address
    li   a2, SOCKADDR_SIZE
    must bind, "bind"
    restore ra
    ret
inside:
    save ra
    call address_make
    call socket_make
    la   a1, room_word
    li   a2, 1
    li   a3, 0
    la   a4, address
    li   a5, SOCKADDR_SIZE
    system sendto
    li   a0, 0
    restore ra
    ret
.bss
room_word: .zero 8
.text
after:
    save ra
    ld   a0, socket_outside
    la   a1, room_word
    li   a2, 8
    li   a3, MSG_DONTWAIT
    li   a4, 0
    li   a5, 0
    system recvfrom
    sgtz a0, a0
    restore ra
    ret
