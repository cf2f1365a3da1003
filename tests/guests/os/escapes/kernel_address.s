# The kernel's memory is written to a pipe, and read from there.
# case: bad pointers in system calls (CVE-2017-5123, waitid)
# plant: PLANT_USER_CHECK

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

.bss
.balign 8
ends: .zero 8
.text
inside:
    save ra
    la   a0, ends
    li   a1, 0
    must pipe2, "pipe"
    lwu  a0, ends + 4
    li   a1, 0xffffffc000001000
    li   a2, 8
    system write
    sgtz a0, a0
    restore ra
    ret
