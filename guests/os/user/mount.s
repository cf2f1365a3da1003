# mount: what is mounted where. There is one disk, and /proc: nothing else can be.

.include "os/user/lib/program.inc"
.include "os/user/lib/directory.inc"
.include "os/user/lib/processes.inc"

main:
    takes_nothing mount
    la   a0, mounts
    call text_read
    la   a0, proc_text
    call out_string
    li   a0, 0
    j    exit
.rodata
mounts: .asciz "/proc/mounts"
.text
