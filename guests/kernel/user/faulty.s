# faulty: does what its argument says that no program may do, and is killed for it.

.equ FAULTY_WAYS, 8

program faulty
    la   t0, faulty_ways
    slli a0, a0, 3              # two instructions each
    add  t0, t0, a0
    jr   t0
faulty_ways:
    ld   a0, 8(zero)            # 0: nothing is mapped there
    j    faulty_survived
    sw   t0, 0(t0)              # 1: its own text is not for writing
    j    faulty_survived
    crr  a0, CR_STATUS          # 2: privileged
    j    faulty_survived
    .word 0                     # 3: no instruction
    j    faulty_survived
    jr   sp                     # 4: the stack's end: nothing there to run
    j    faulty_survived
    lw   a0, 1(sp)              # 5: not aligned
    j    faulty_survived
    break                       # 6: nobody debugs it
    j    faulty_survived
    hcall 0                     # 7: only a kernel may ask the monitor, if there is one
    j    faulty_survived
faulty_survived:
    say  "faulty: survived\n"
    li   a0, 1
    sys  exit
program_end faulty
