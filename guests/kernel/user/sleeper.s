# sleeper: sleeps as many long whiles as its argument says, checks that they passed, and says so.

.equ SLEEPER_WHILE, 1000000     # ticks; much longer than everything that others do meanwhile

program sleeper
    mv   s0, a0
    sys  time
    mv   s1, a0
    li   a0, SLEEPER_WHILE
    mul  s2, s0, a0
    mv   a0, s2
    sys  sleep
    sys  time
    sub  s1, a0, s1
    bltu s1, s2, 1f
    line_begin
    line_text "sleeper: slept "
    line_number s0
    line_text " whiles\n"
    line_end
    li   a0, 0
    sys  exit
1:  say  "sleeper: woken too early\n"
    li   a0, 1
    sys  exit
program_end sleeper
