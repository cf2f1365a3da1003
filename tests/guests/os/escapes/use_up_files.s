# All open files are taken.
# case: fs.file-max used up from a container
# plant: PLANT_UNLIMITED_numfile

.equ RESOURCE, 4             # numfile
.equ MORE,     8
.include "exhausting.inc"

.equ prepared, nothing

take:
    save ra
    opens_as a0, /escape, O_RDONLY
    restore ra
    ret
