# uptime: how long the machine has been up, and how many processes could run.

.include "os/user/lib/program.inc"
.include "os/user/lib/directory.inc"
.include "os/user/lib/processes.inc"

main:
    takes_nothing uptime
    la   a0, uptime
    la   a1, up
    call first_word
    la   a0, loadavg
    la   a1, load
    call first_word
    li   a0, '\n'
    call out_byte
    li   a0, 0
    j    exit

# Print the string at a1, and the first word of the file at path a0.
first_word:
    save ra, s0
    mv   s0, a1
    call text_read
    mv   a0, s0
    call out_string
    la   s0, proc_text
1:  lbu  a0, 0(s0)
    beqz a0, 2f
    li   t0, ' '
    beq  a0, t0, 2f
    call out_byte
    addi s0, s0, 1
    j    1b
2:  restore ra, s0
    ret
.rodata
uptime:  .asciz "/proc/uptime"
loadavg: .asciz "/proc/loadavg"
up:      .asciz "up "
load:    .asciz " s, load "
.text
