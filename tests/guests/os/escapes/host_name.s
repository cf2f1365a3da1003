# The host's name is set from within.
# case: sethostname in a container without a UTS namespace
# plant: PLANT_HOST_NAME

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing

.bss
names: .zero 6 * 65
.text
inside:
    save ra
    str  a0, "mine"
    li   a1, 4
    system sethostname
    li   a0, 0
    restore ra
    ret
after:
    save ra
    la   a0, names
    must uname, "uname"
    la   a0, names + 65
    str  a1, "mine"
    call string_compare
    seqz a0, a0
    restore ra
    ret
