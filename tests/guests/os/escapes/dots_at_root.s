# `..` of the context's root leads above it.
# case: chroot jails left by `..`, before chroot pinned the root (4.2BSD)
# plant: PLANT_DOTS PLANT_STAMP

.include "escape.inc"

.equ outside, nothing
.equ meanwhile, nothing
.equ after, nothing

inside:
    save ra
    exists a0, /../../tmp/jail
    restore ra
    ret
