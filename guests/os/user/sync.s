# sync: all that was written is on the disk when it returns.

.include "os/user/lib/program.inc"

main:
    takes_nothing sync
    system sync
    li   a0, 0
    j    exit
