# orphans: starts a sleeper and ends before it does.

program orphans
    li   a0, PROGRAM_sleeper
    li   a1, 1
    sys  spawn
    end_if_negative
    say  "orphans: leaves a child behind\n"
    li   a0, 0
    sys  exit
program_end orphans
