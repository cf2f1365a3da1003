# A neighbour is stopped by its number, from a context that may have contexts of its own.
# case: a container with the runtime's socket mounted (docker.sock)
# plant: PLANT_BELOW

.include "escape.inc"

.equ meanwhile, nothing
.equ after, nothing

.bss
.balign 8
other: .zero 8                  # another context's number
.text

outside:
    save ra
    makes_directory /tmp/other
    opens_as a1, /tmp/other, O_RDONLY | O_DIRECTORY
    str  a2, "other"
    context CREATE, "create other"
    grants CAP_SYS_ADMIN
    restore ra
    ret
inside:
    save ra, s1, s2
    li   s1, 0
    li   s2, 0
1:  li   a0, CONTEXT_STOP
    mv   a1, s1
    system context
    bnez a0, 2f
    li   s2, 1
2:  addi s1, s1, 1
    li   t0, 16
    bltu s1, t0, 1b
    mv   a0, s2
    restore ra, s1, s2
    ret
