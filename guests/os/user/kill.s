# kill [-SIGNAL] PROCESS...: send a signal, TERM unless said, by its number or name; to a group by a negative number.

.include "os/user/lib/program.inc"
.include "os/user/lib/killing.inc"

main:
    addi a0, a0, -1
    addi a1, a1, 8
    la   a2, string_signed
    call kill_words
    bltz a0, 9f
    j    exit
9:  usage "kill [-SIGNAL] PROCESS...; HUP INT QUIT KILL USR1 USR2 TERM CONT STOP TSTP"
