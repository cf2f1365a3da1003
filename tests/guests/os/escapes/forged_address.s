# A socket within takes an address that is another one's, to speak in its name.
# case: source addresses forged from a container on a shared bridge (CVE-2020-13401)
# plant: PLANT_ADDRESSES

.include "escape.inc"

.equ meanwhile, nothing
.equ outside, nothing
.equ after, nothing

.bss
.balign 8
address: .zero SOCKADDR_SIZE
.text

# All of 10.0.0.0 to 10.0.0.63 but its own, which has its number at the end. s1 = a socket, s2 = the last part, s3 = how many it has
inside:
    save ra, s1, s2, s3
    li   s2, 0
    li   s3, 0
1:  li   a0, AF_INET
    li   a1, SOCK_DGRAM
    li   a2, 0
    must socket, "socket"
    mv   s1, a0
    la   a1, address
    li   t1, AF_INET
    sh   t1, 0(a1)
    li   t1, 0x1000             # port 16
    sh   t1, 2(a1)
    li   t1, 10
    sb   t1, 4(a1)
    sb   s2, 7(a1)
    li   a2, SOCKADDR_SIZE
    system bind
    srai a0, a0, 63
    addi a0, a0, 1
    add  s3, s3, a0
    mv   a0, s1
    system close
    addi s2, s2, 1
    li   t0, 64
    bltu s2, t0, 1b
    sltiu a0, s3, 2             # its own
    xori a0, a0, 1
    restore ra, s1, s2, s3
    ret
