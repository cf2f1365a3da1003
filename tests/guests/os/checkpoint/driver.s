# init of the host: runs /bin/work in a context, checkpoints it after DELAY ns to /image, and restores it in MODE: 0 not at
# all, 1 in the same context, 2 in another one, 3 in both, 4 let it go on, 5 in another machine; that is 6, which finds
# /image and /written, what the first has left in /out. 7: is as 6, but stops it after DELAY, and prints what RESTORE has
# said. Prints how each ended, what it has written, and selfcheck.

.include "os/user/lib/program.inc"

.macro context verb
    li   a0, CONTEXT_\verb
    system context
.endm

# must REG, VALUE, "what"    or else say so and end
.macro must register, value, what
    li   t0, \value
    beq  \register, t0, .Lright_\@
    mv   s0, \register
    out  "\what: "
    neg  a0, s0
    call out_number
    out  "\n"
    li   a0, 1
    j    exit
.Lright_\@:
.endm

.macro places path
    li   a0, AT_FDCWD
    la   a1, \path
    li   a2, 0755
    system mkdirat
.endm

.ifndef HINDRANCE               # what cannot be carried: see work.s
.equ HINDRANCE, 0
.endif

main:
    la   a0, work_path
    li   a1, O_RDONLY
    li   a2, 0
    open
    mv   a1, a0
    li   a2, 1
    context UNIFY
    must a0, 0, "UNIFY"
    la   a0, first_root
    call created
    mv   s0, a0
    la   a1, first_bin
    la   a2, first_work
    la   a3, first_dev
    la   a4, first_console
    call furnished
    la   a0, second_root
    call created
    mv   s1, a0
    la   a1, second_bin
    la   a2, second_work
    la   a3, second_dev
    la   a4, second_console
    call furnished
    li   t0, MODE
    addi t0, t0, -6
    bgez t0, elsewhere
.if HINDRANCE == 2
    la   a0, buffer
    li   a1, 0
    system pipe2
.endif
    fork
    bnez a0, 1f
.if HINDRANCE == 2              # a pipe that leads out
    lw   a0, buffer
    li   a1, 0
    li   a2, 0
    system dup3
.endif
.if HINDRANCE == 3              # a file of the host's
    la   a0, init_path
    li   a1, O_RDONLY
    li   a2, 0
    open
    li   a1, 0
    li   a2, 0
    system dup3
.endif
    mv   a1, s0
    li   a2, 0
    context ENTER
    must a0, 0, "ENTER"
    la   a0, work_path
    la   a1, arguments
    li   a2, 0
    system execve
    li   a0, 99
    system exit
1:
.if HINDRANCE == 2
    lw   a0, buffer
    system close
.endif
    li   t0, DELAY
    sd   t0, time + 8, t1
    la   a0, time
    li   a1, 0
    system nanosleep
    li   t0, MODE
    beqz t0, 9f
    mv   a1, s0
    context FREEZE
    bnez a0, 9f                 # it has ended
    la   a0, image_path
    li   a1, O_RDWR | O_CREAT | O_TRUNC
    li   a2, 0600
    open
    mv   s2, a0
    mv   a1, s0
    mv   a2, s2
    context CHECKPOINT
    beqz a0, 2f
    mv   s3, a0
    mv   a0, s0
    call reason_told
    must s3, 0, "CHECKPOINT"
2:  li   t0, MODE
    li   t1, 4
    bne  t0, t1, 3f
    mv   a1, s0
    context THAW
    must a0, 0, "THAW"
    j    9f
3:  mv   a1, s0
    context STOP
    mv   a1, s0
    context WAIT
    mv   a1, s0
    context DESTROY
    must a0, 0, "DESTROY"
    li   t0, MODE
    addi t0, t0, -5
    beqz t0, 10f
    la   a0, first_root
    call created
    mv   s0, a0
    li   t0, MODE
    addi t0, t0, -1
    beqz t0, 4f
    la   a0, second_fifo
    la   a1, first_out
    la   a2, second_out
    call copied
    mv   a0, s1
    call restored
    li   t0, MODE
    addi t0, t0, -2
    beqz t0, 5f
4:  mv   a0, s0
    call restored
    li   t0, MODE
    addi t0, t0, -1
    beqz t0, 9f
5:  mv   a0, s1
    la   a1, second_out
    call ended
    li   t0, MODE
    addi t0, t0, -2
    beqz t0, 10f
9:  mv   a0, s0
    la   a1, first_out
    call ended
10: la   a0, selfcheck_path
    call shows
    call out_flush
    li   a0, 0
    j    exit

# Restore what another machine has left. s0 = the context
elsewhere:
    la   a0, first_fifo
    la   a1, written_path
    la   a2, first_out
    call copied
    li   t0, MODE
    addi t0, t0, -6
    bnez t0, 1f
    mv   a0, s0
    call restored
    j    9b
1:  la   a0, image_path
    li   a1, O_RDONLY
    li   a2, 0
    open
    mv   a1, s0
    mv   a2, a0
    context RESTORE
    neg  a0, a0
    call out_number
    out  "\n"
    li   t0, DELAY
    sd   t0, time + 8, t1
    la   a0, time
    li   a1, 0
    system nanosleep
    la   a0, selfcheck_path
    call shows
    mv   a1, s0
    context STOP
    mv   a1, s0
    context WAIT
    mv   a1, s0
    context DESTROY
    must a0, 0, "DESTROY"
    j    10b

# a0 = the number of a context whose root is the directory a0, made if need be.
created:
    save ra, s0
    mv   s0, a0
    li   a0, AT_FDCWD
    mv   a1, s0
    li   a2, 0755
    system mkdirat
    mv   a0, s0
    li   a1, O_RDONLY | O_DIRECTORY
    li   a2, 0
    open
    mv   s0, a0
    mv   a1, a0
    la   a2, context_name
    context CREATE
    mv   t1, a0
    mv   a0, s0
    mv   s0, t1
    system close
    slti t1, s0, 1
    must t1, 0, "CREATE"
    mv   a0, s0
    restore ra, s0
    ret

# The program gets a name a2 in the directory a1, and the console a4 in a3.
furnished:
    save ra, s0, s1
    mv   s0, a2
    mv   s1, a1
    li   a0, AT_FDCWD
    mv   a1, a3
    li   a2, 0755
    system mkdirat
    li   a0, AT_FDCWD
    mv   a1, a4
    li   a2, S_IFCHR | 0666
    li   a3, 5 << 8 | 1
    system mknodat
    mv   a1, s1
    li   a0, AT_FDCWD
    li   a2, 0755
    system mkdirat
    li   a0, AT_FDCWD
    la   a1, work_path
    li   a2, AT_FDCWD
    mv   a3, s0
    li   a4, 0
    system linkat
    must a0, 0, "linkat"
    restore ra, s0, s1
    ret

# Another context gets what the program has made: the pipe a0, and the file a1, if there is one, as a2.
copied:
    save ra, s0, s1, s2
    mv   s1, a1
    mv   s2, a2
    mv   a1, a0
    li   a0, AT_FDCWD
    li   a2, S_IFIFO | 0600
    li   a3, 0
    system mknodat
    mv   a0, s1
    li   a1, O_RDONLY
    li   a2, 0
    open
    bltz a0, 1f                 # there is none yet
    la   a1, buffer
    li   a2, 4096
    system read
    mv   s0, a0
    mv   a0, s2
    li   a1, O_WRONLY | O_CREAT
    li   a2, 0644
    open
    la   a1, buffer
    mv   a2, s0
    system write
1:  restore ra, s0, s1, s2
    ret

restored:
    save ra, s0
    mv   s0, a0
    la   a0, image_path
    li   a1, O_RDONLY
    li   a2, 0
    open
    mv   a1, s0
    mv   a2, a0
    context RESTORE
    beqz a0, 1f
    mv   s1, a0
    mv   a0, s0
    call reason_told
    must s1, 0, "RESTORE"
1:  restore ra, s0
    ret

# How the context a0 ends, and the file a1. With HINDRANCE 4 also in how many us.
ended:
    save ra, s0
    mv   s0, a1
    sd   a0, 16(sp)
    li   a0, 1                  # CLOCK_MONOTONIC
    la   a1, time
    system clock_gettime
    ld   s2, time + 8
    ld   a1, 16(sp)
    context WAIT
.if HINDRANCE == 4
    li   a0, 1
    la   a1, time
    system clock_gettime
    ld   a0, time + 8
    sub  a0, a0, s2
    li   t0, 1000
    divu a0, a0, t0
.endif
    call out_number
    out  "\n"
    mv   a0, s0
    call shows
    restore ra, s0
    ret

shows:
    save ra
    li   a1, O_RDONLY
    li   a2, 0
    open
    la   a1, buffer
    li   a2, 4096
    system read
    bltz a0, 1f
    mv   a1, a0
    la   a0, buffer
    call out_bytes
1:  restore ra
    ret

reason_told:
    la   a0, contexts_path
    j    shows

.data
.balign 8
arguments: .dword work_path, 0
context_name: .asciz "ckpt"
init_path:   .asciz "/bin/init"
work_path:   .asciz "/bin/work"
first_root:  .asciz "/one"
first_bin:   .asciz "/one/bin"
first_work:  .asciz "/one/bin/work"
first_out:   .asciz "/one/out"
second_root: .asciz "/two"
second_bin:  .asciz "/two/bin"
second_work: .asciz "/two/bin/work"
second_out:  .asciz "/two/out"
first_fifo:  .asciz "/one/fifo"
second_fifo: .asciz "/two/fifo"
written_path: .asciz "/written"
first_dev:   .asciz "/one/dev"
second_dev:  .asciz "/two/dev"
first_console: .asciz "/one/dev/console"
second_console: .asciz "/two/dev/console"
image_path:  .asciz "/image"
selfcheck_path: .asciz "/proc/selfcheck"
contexts_path: .asciz "/proc/contexts"
.bss
.balign 8
time:   .zero 16
buffer: .zero 4096
