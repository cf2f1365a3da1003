# The boot block of an imported program's image: chooses the supervisor that fits who holds the machine up.
#
# The importer defines SUPERVISOR_PLAIN and SUPERVISOR_PARAVIRT, where the two builds begin.

.text
# Entered in kernel mode. After reset every register is 0; a monitor that takes hypercalls has put the address of its
# start information into a0.
.globl _start
_start:
    bnez a0, 1f
    j    SUPERVISOR_PLAIN
1:  j    SUPERVISOR_PARAVIRT
