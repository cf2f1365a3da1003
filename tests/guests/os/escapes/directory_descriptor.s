# A directory that was open before is gone to by its descriptor.
# case: CVE-2024-21626: runc leaks a descriptor of the host's /sys/fs/cgroup
# plant: PLANT_DESCRIPTORS PLANT_STAMP

.include "escape.inc"

.equ meanwhile, nothing
.equ after, nothing

outside:
    save ra
    opens_as a0, /, O_RDONLY | O_DIRECTORY      # some descriptor from 3 on
    restore ra
    ret
inside:
    save ra, s1
    li   s1, 3
1:  mv   a0, s1
    system fchdir
    bltz a0, 2f
    exists a0, tmp/jail
    bnez a0, 3f
2:  addi s1, s1, 1
    li   t0, 64
    bltu s1, t0, 1b
    li   a0, 0
3:  restore ra, s1
    ret
