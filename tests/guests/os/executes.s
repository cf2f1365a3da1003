# execve: arguments, environment, the auxiliary vector, scripts, what stays and what does not, and what is refused.
.include "checking.inc"

# refuse PATH, ERRNO   execve of it fails so
.macro refuse path, error
    la   a0, .Lpath_\@
    li   a1, 0
    li   a2, 0
    system execve
    expect a0, -\error, "execve of \path"
    .pushsection .rodata
.Lpath_\@: .asciz "\path"
    .popsection
.endm

# become FIRST   execute this program with that as its first argument, and "x", in an environment of one
.macro become first
    la   t0, .Lfirst_\@
    sd   t0, 0(sp)
    la   t0, one
    sd   t0, 8(sp)
    sd   zero, 16(sp)
    la   t0, variable
    sd   t0, 24(sp)
    sd   zero, 32(sp)
    la   a0, myself
    mv   a1, sp
    addi a2, sp, 24
    system execve
    .pushsection .rodata
.Lfirst_\@: .asciz "\first"
    .popsection
.endm

begin
    ld   t1, 8(s10)
    lbu  t1, 0(t1)
    li   t0, 'a'
    beq  t1, t0, as_a
    li   t0, 'l'
    beq  t1, t0, as_long
    ld   t1, 0(s10)
    li   t0, 4
    beq  t1, t0, as_script
    expect t1, 1, "init's argc"

    fork
    bnez a0, 1f
    li   t0, SIG_IGN            # ignored stays, handled does not
    action SIGUSR1, 0
    la   t0, myself
    action SIGUSR2, 0
    become a
1:  wait_for a0
    expect t1, 0, "the program itself, with arguments"

    fork
    bnez a0, 1f
    la   a0, script
    la   t0, nothing
    sd   t0, 0(sp)
    la   t0, one
    sd   t0, 8(sp)
    sd   zero, 16(sp)
    mv   a1, sp
    li   a2, 0
    system execve
    expect a0, 0, "execve of a script"
    li   a0, 1
    system exit
1:  wait_for a0
    expect t1, 0, "a script"

    fork                        # 1,000 arguments, on several pages
    bnez a0, 1f
    li   t0, -16384
    add  sp, sp, t0
    la   t0, long
    sd   t0, 0(sp)
    addi t1, sp, 8
    li   t2, 1000
    la   t0, longer
2:  sd   t0, 0(t1)
    addi t1, t1, 8
    addi t2, t2, -1
    bnez t2, 2b
    sd   zero, 0(t1)
    la   a0, myself
    mv   a1, sp
    mv   a2, t1
    system execve
    li   a0, 2
    system exit
1:  wait_for a0
    expect t1, 0, "a program with many arguments"

    refuse /bin/nothing, ENOENT
    refuse /bin, EACCES
    refuse /etc/motd, EACCES
    refuse /etc/plain, ENOEXEC
    refuse /etc/looping, ENOEXEC
    refuse /etc/lost, ENOENT
    refuse /bin/init/x, ENOTDIR
    li   a0, 8
    li   a1, 0
    li   a2, 0
    system execve
    expect a0, -EFAULT, "execve of a bad pointer"
    la   a0, myself
    li   a1, 8
    system execve
    expect a0, -EFAULT, "execve with a bad list"
    la   a0, myself
    li   t0, 8
    sd   t0, 0(sp)
    sd   zero, 8(sp)
    mv   a1, sp
    system execve
    expect a0, -EFAULT, "execve with a bad argument"
    li   t1, 4000               # more than fits
    li   t0, -32768 - 16
    add  t2, sp, t0
    mv   a1, t2
    la   t0, longer
3:  sd   t0, 0(t2)
    addi t2, t2, 8
    addi t1, t1, -1
    bnez t1, 3b
    sd   zero, 0(t2)
    la   a0, myself
    li   a2, 0
    system execve
    expect a0, -E2BIG, "execve with too much"
    finish

as_a:
    ld   t1, 0(s10)
    expect t1, 2, "argc"
    ld   t1, 16(s10)
    lbu  t1, 0(t1)
    expect t1, 'x', "the second argument"
    ld   t1, 24(s10)
    expect t1, 0, "the end of the arguments"
    ld   t1, 32(s10)
    lbu  t1, 0(t1)
    expect t1, 'V', "the environment"
    ld   t1, 40(s10)
    expect t1, 0, "the end of the environment"
    andi t1, s10, 15
    expect t1, 0, "the stack's alignment"
    addi s0, s10, 48
1:  ld   t1, 0(s0)
    beqz t1, 2f
    li   t0, AT_PAGESZ
    bne  t1, t0, 3f
    ld   t1, 8(s0)
    expect t1, 4096, "AT_PAGESZ"
3:  li   t0, AT_ENTRY
    bne  t1, t0, 4f
    ld   t1, 8(s0)
    la   t2, _start
    expect_same t1, t2, "AT_ENTRY"
4:  addi s0, s0, 16
    j    1b
2:  li   a0, SIGUSR1
    li   a1, 0
    mv   a2, sp
    li   a3, 8
    system rt_sigaction
    ld   t1, 0(sp)
    expect t1, SIG_IGN, "what was ignored"
    li   a0, SIGUSR2
    system rt_sigaction
    ld   t1, 0(sp)
    expect t1, SIG_DFL, "what had a handler"
    j    leave

as_script:                      # "init script /etc/script x"
    ld   t1, 0(s10)
    expect t1, 4, "a script's argc"
    ld   a0, 24(s10)
    la   t1, script
5:  lbu  t0, 0(a0)
    lbu  t2, 0(t1)
    expect_same t0, t2, "a letter of the script's path"
    addi a0, a0, 1
    addi t1, t1, 1
    lbu  t2, -1(t1)
    bnez t2, 5b
    ld   t1, 32(s10)
    lbu  t1, 0(t1)
    expect t1, 'x', "the script's argument"
    j    leave

as_long:
    ld   t1, 0(s10)
    expect t1, 1001, "argc of many"
    ld   t1, 8 + 8 * 1000(s10)
    lbu  t1, 6(t1)
    expect t1, 'l', "the last of many"
leave:
    mv   a0, s11
    system exit
.rodata
myself:   .asciz "/bin/init"
script:   .asciz "/etc/script"
nothing:  .asciz ""
one:      .asciz "x"
long:     .asciz "l"
longer:   .asciz "loooo-looo-argument"
variable: .asciz "V=1"
