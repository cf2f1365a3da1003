# A kernel with few ids (-D LAST_ID=12): one that a process, a group or a session has still is not given again. With -D INSIDE=1
# in a context, whose ids come round by themselves.
.include "checking.inc"
.include "inside.inc"

.ifndef INSIDE
.equ INSIDE, 0
.endif

.equ ROUNDS, 50

begin
.if INSIDE
    ld   t0, 0(s10)
    addi t0, t0, -1
    bnez t0, 9f
    call context_make
    fork
    beqz a0, context_init
    wait_any
    expect t1, 0, "what was found inside"
    finish
9:
.endif
    system getpid
    mv   s7, a0
    fork                        # one that stays, and leads a session
    beqz a0, 6f
    mv   s1, a0
    fork                        # one that ends, whose group another one is in
    beqz a0, 4f
    mv   s2, a0
    mv   a1, a0
    system setpgid
    fork
    beqz a0, 7f
    mv   s3, a0
    mv   a1, s2
    system setpgid
    expect a0, 0, "setpgid"
    mv   a0, s2
    li   a1, SIGKILL
    system kill
    wait_for s2
    li   s4, ROUNDS
    li   s6, 0                  # ids that were given
1:  fork
    beqz a0, 5f
    mv   s5, a0
    .irp id, s1, s2, s3, s7
    bne  s5, \id, 2f
    addi s11, s11, 1
2:
    .endr
    li   t0, 12
    bleu s5, t0, 3f
    addi s11, s11, 1
3:  li   t0, 1
    sll  t0, t0, s5
    or   s6, s6, t0
    wait_for s5
    expect_same a0, s5, "the child that ended"
    addi s4, s4, -1
    bnez s4, 1b
    expect s6, IDS, "all others were given"
    .irp id, s1, s3
    mv   a0, \id
    li   a1, SIGKILL
    system kill
    wait_for \id
    .endr
.if INSIDE
    mv   a0, s11
    system exit
.else
    finish
.endif
4:  nap  1000000000
    j    4b
5:  li   a0, 0
    system exit
6:  system setsid
7:  nap  1000000000
    j    7b

# 1 is init's; 2, 3, 4 are kept. In a context the host's ids are kept, too, but by nobody there.
.equ IDS, 0b1111111100000
