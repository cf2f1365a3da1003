# All sockets are taken.
# case: a socket flood from a container
# plant: PLANT_UNLIMITED_numsock

.equ RESOURCE, 12             # numsock
.equ MORE,     4
.include "exhausting.inc"

.equ prepared, nothing

take:
    li   a0, AF_INET
    li   a1, SOCK_DGRAM
    li   a2, 0
    system socket
    ret
