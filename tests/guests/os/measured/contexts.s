# What paths cost in instructions that contexts could make longer, a line each: here, or, with -D INSIDE, in a context; and
# there its start, from CREATE to its init's first instruction.
.include "checking.inc"
.include "measuring.inc"
.include "inside.inc"

.ifndef INSIDE
.equ INSIDE, 0
.endif

.equ ROUNDS, 200
.equ COPIED, 64 << 10

.bss
.balign 4096
room: .zero COPIED
pipes_made: .zero 16
.text

# The wall's clock, which is the same in a context.
.macro wall_now register
    li   a0, 0
    addi a1, sp, 512
    system clock_gettime
    ld   t0, 512(sp)
    ld   \register, 520(sp)
    li   t1, 1000000000
    mul  t0, t0, t1
    add  \register, \register, t0
.endm

# opens path, flags   a0 = a descriptor
.macro opens path, flags
    li   a0, -100
    la   a1, \path
    li   a2, \flags
    li   a3, 0755
    system openat
.endm

begin
    ld   t0, 0(s10)
.if INSIDE
    li   t1, 1
    beq  t0, t1, outside
    wall_now s1
    li   a0, 0
    la   a1, room
    li   a2, 8
    system read
    ld   t0, room
    sub  s1, s1, t0
    tell "start", s1
.endif
    time_overhead

    li   s2, ROUNDS
    time_begin
1:  system getppid
    addi s2, s2, -1
    bnez s2, 1b
    time_end
    li   t0, ROUNDS
    divu s1, s1, t0
    addi s1, s1, -2             # the loop's
    tell "syscall", s1

    la   a0, pipes_made         # two processes, each of which waits for the other
    li   a1, 0
    system pipe2
    la   a0, pipes_made + 8
    li   a1, 0
    system pipe2
    lw   s3, pipes_made
    lw   s4, pipes_made + 4
    lw   s5, pipes_made + 8
    lw   s6, pipes_made + 12
    li   a0, SIGCHLD
    li   a1, 0
    system clone
    beqz a0, echoes
    call byte_out               # it is there
    call byte_in
    li   s2, ROUNDS
    time_begin
2:  call byte_out
    call byte_in
    addi s2, s2, -1
    bnez s2, 2b
    time_end
    li   t0, 2 * ROUNDS
    divu s1, s1, t0
    tell "switch", s1

    li   s2, ROUNDS
    time_begin
3:  li   a0, SIGCHLD
    li   a1, 0
    system clone
    beqz a0, 9f
    wait_any
    addi s2, s2, -1
    bnez s2, 3b
    time_end
    li   t0, ROUNDS
    divu s1, s1, t0
    tell "forkwait", s1

    li   s7, 2                  # the second time counts: nothing is there for the first time then
5:  time_begin
    opens copied, O_RDWR | O_CREAT
    mv   s2, a0
    la   a1, room
    li   a2, COPIED
    system write
    mv   a0, s2
    la   a1, room
    li   a2, COPIED
    li   a3, 0
    system pread64
    mv   a0, s2
    system close
    li   a0, -100
    la   a1, copied
    li   a2, 0
    system unlinkat
    time_end
    addi s7, s7, -1
    bnez s7, 5b
    tell "diskcopy", s1

    time_begin
    li   s2, 1000000
4:  addi s2, s2, -1
    bnez s2, 4b
    time_end
    tell "compute", s1
9:  li   a0, 0
    system exit

.rodata
copied: .asciz "/copied"
.text

# Sends back each byte that comes. Jumped to by the child.
echoes:
    mv   t0, s3
    mv   s3, s5
    mv   s5, t0
    mv   t0, s4
    mv   s4, s6
    mv   s6, t0
    mv   a0, s4                 # its own end would keep the other's from an end
    mv   t0, s6
1:  mv   a0, s5
    la   a1, room + 64
    li   a2, 1
    system read
    blez a0, 9b
    call byte_out
    j    1b

# A byte to the other process, from it. s4 = where to, s5 = where from
byte_out:
    mv   a0, s4
    la   a1, room + 64
    li   a2, 1
    system write
    ret
byte_in:
    mv   a0, s5
    la   a1, room + 64
    li   a2, 1
    system read
    ret

.if INSIDE
# As the machine's init: put this program into a context, and run it there.
outside:
    call context_make
    la   a0, pipes_made
    li   a1, 0
    system pipe2
    call start
    call start                  # once more: its files are in memory
    li   a0, 0
    system exit

# Load the directory s2 as a context, and run its init to its end.
start:
    mv   s5, ra
    li   a0, CONTEXT_DESTROY
    li   a1, 1
    system context
    wall_now s1
    sd   s1, room, t0
    li   a0, CONTEXT_CREATE
    mv   a1, s2
    la   a2, inside_name
    system context
    lw   a0, pipes_made + 4
    la   a1, room
    li   a2, 8
    system write
    li   a0, SIGCHLD
    li   a1, 0
    system clone
    beqz a0, 3f
    wait_any
    mv   ra, s5
    ret
3:  lw   a0, pipes_made
    li   a1, 0
    li   a2, 0
    system dup3
    j    context_init
.endif
