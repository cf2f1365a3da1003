# All pipes are taken.
# case: pipe-user-pages: CVE-2016-2847
# plant: PLANT_UNLIMITED_numpipe

.equ RESOURCE, 5             # numpipe
.equ MORE,     3
.include "exhausting.inc"

.equ prepared, nothing

.bss
.balign 8
ends: .zero 8
.text
take:
    save ra
    la   a0, ends
    li   a1, 0
    system pipe2
    restore ra
    ret
