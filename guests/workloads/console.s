# Characters to the console: what comes in while there is input, and lines of its own where there is none.
# workload: characters out through the console, a line at a time
# operation: one character written; taken from the console first, as long as it has input
# period: 64
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.include "workload.inc"

.equ LINE, 64                   # characters written at a time, at most

# s0 = operations, s1 = those left, s2 = 1 once the input has ended, s3 = the line, s4 = its length so far,
# s5 = the line of its own, s6 = the length of a whole line
.globl _start
_start:
    workload_begin image_end
    mv   s1, s0
    li   s2, 0
    la   s3, line
    la   s5, own_line
    li   s6, LINE
next_line:
    beqz s1, workload_done
    li   s4, 0
next_character:
    bnez s2, 1f
    call console_read
    bgez a0, 2f
    addi s2, a0, -INPUT_END     # none is there yet, or ever will be
    sltiu s2, s2, 1
1:  add  t0, s5, s4
    lbu  a0, 0(t0)
2:  add  t0, s3, s4
    sb   a0, 0(t0)
    addi s4, s4, 1
    beq  s4, s1, 3f
    bne  s4, s6, next_character
3:  mv   a0, s3
    mv   a1, s4
    call console_write
    sub  s1, s1, s4
    j    next_line

.rodata
own_line: .ascii "the quick brown fox jumps over the lazy dogs, 0123456789 times.\n"
.if . - own_line != LINE
.error "the line has not the length that it should have"
.endif

.bss
line: .zero LINE
image_end:
