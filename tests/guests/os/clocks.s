# Clocks, sleeping, shares of the processor.
.include "checking.inc"

# read_clock CLOCK, register
.macro read_clock clock, register
    li   a0, \clock
    addi a1, sp, 512
    system clock_gettime
    ld   \register, 512(sp)
    li   t0, 1000000000
    mul  \register, \register, t0
    ld   t0, 520(sp)
    add  \register, \register, t0
.endm

begin
    read_clock 1, s0
    nap  2000000
    expect a0, 0, "nanosleep"
    read_clock 1, s1
    sub  s1, s1, s0
    li   t0, 2000000
    sltu t1, s1, t0
    expect t1, 0, "slept too short"
    li   t0, 2100000
    sltu t1, t0, s1
    expect t1, 0, "slept too long"
    read_clock 2, s2
    li   t0, 2000000
    sltu t1, t0, s2
    expect t1, 0, "processor time while sleeping"
    nap  2999999999             # 2 s and 999,999,999 ns
    li   t0, 1000000000
    sd   zero, 0(sp)
    sd   t0, 8(sp)
    mv   a0, sp
    li   a1, 0
    system nanosleep
    expect a0, -EINVAL, "a second of ns"
    li   a0, 99
    mv   a1, sp
    system clock_gettime
    expect a0, -EINVAL, "clock 99"
    li   a0, 1
    addi a1, sp, 4
    system clock_gettime
    expect a0, -EFAULT, "a time at an address that is no multiple of 8"
    read_clock 1, s0            # until an instant
    li   t0, 5000000
    add  s0, s0, t0
    li   t0, 1000000000
    divu t1, s0, t0
    sd   t1, 0(sp)
    remu t1, s0, t0
    sd   t1, 8(sp)
    li   a0, 1
    li   a1, 1
    mv   a2, sp
    li   a3, 0
    system clock_nanosleep
    read_clock 1, s1
    sub  t1, s1, s0
    bltz t1, 1f
    li   t0, 100000
    sltu t1, t0, t1
1:  expect t1, 0, "slept until an instant"
    li   a0, 0
    system times
    li   t0, 300                # 3 s have gone by
    sltu t1, a0, t0
    expect t1, 0, "clock ticks"

    li   a0, 1                  # two that want all: the nicer one gets a tenth
    li   a1, 0
    call racer
    mv   s3, a0
    li   a1, 10
    call racer
    mv   s4, a0
    nap  20000000
    mv   a0, s3
    call racer_result
    mv   s5, a0
    mv   a0, s4
    call racer_result
    mv   s6, a0
    li   t0, 7
    mul  t1, s6, t0
    sltu t1, t1, s5
    expect t1, 1, "the nicer one has too much"
    li   t0, 13
    mul  t1, s6, t0
    sltu t1, s5, t1
    expect t1, 1, "the nicer one has too little"
    finish

# A child with niceness a1 that counts until it is killed; a0 = its id.
racer:
    mv   s7, a1
    fork
    beqz a0, 1f
    ret
1:  li   a0, 0
    li   a1, 0
    mv   a2, s7
    system setpriority
2:  j    2b

# Kill child a0; a0 = the ms that it has used.
racer_result:
    mv   s8, a0
    li   a1, SIGKILL
    system kill
    mv   a0, s8
    mv   a1, sp
    li   a2, 0
    addi a3, sp, 256
    system wait4
    ld   a0, 256 + 8(sp)
    ret
