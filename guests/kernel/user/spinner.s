# spinner: proof of preemption. Starts primes with its argument and asks, without ever waiting or yielding, whether it
# has ended: only if the timer takes the processor away can that come true.

program spinner
    addi sp, sp, -16
    mv   s0, a0
    mv   a1, a0
    li   a0, PROGRAM_primes
    sys  spawn
    end_if_negative
1:  li   t0, 100
2:  addi t0, t0, -1
    bnez t0, 2b
    mv   a0, sp
    li   a1, 1                  # do not wait
    sys  wait
    li   t0, -EAGAIN
    beq  a0, t0, 1b
    ld   s1, 0(sp)
    line_begin
    line_text "spinner: "
    line_number s1
    line_text " primes below "
    line_number s0
    line_text " were counted while it was spinning\n"
    line_end
    li   a0, 0
    sys  exit
program_end spinner
