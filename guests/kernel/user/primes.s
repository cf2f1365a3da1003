# primes: its result is how many primes there are below the argument. Makes no system call before it ends.

program primes
    li   s0, 0                  # found
    li   t0, 2                  # candidate
1:  bgeu t0, a0, 4f
    li   t1, 2                  # divisor
2:  mul  t2, t1, t1
    bgtu t2, t0, 3f
    remu t2, t0, t1
    beqz t2, 5f
    addi t1, t1, 1
    j    2b
3:  addi s0, s0, 1
5:  addi t0, t0, 1
    j    1b
4:  mv   a0, s0
    sys  exit
program_end primes
