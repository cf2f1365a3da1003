# The working directory of who enters stays where it was.
# case: CVE-2024-21626: a working directory of the host's inherited over runc exec
# plant: PLANT_WORKING_DIRECTORY PLANT_STAMP

.include "escape.inc"

.equ meanwhile, nothing
.equ after, nothing

outside:
    save ra
    str  a0, "/tmp"
    must chdir, "chdir"
    restore ra
    ret
inside:
    save ra
    exists a0, jail
    restore ra
    ret
