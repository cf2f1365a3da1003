# Ids of processes, groups, sessions; users, groups and what root may do; priorities; umask.
.include "checking.inc"

# ask CALL, ARGUMENT, VALUE, "what"
.macro ask call, argument, value, what
    li   a0, \argument
    li   a1, 0
    system \call
    expect a0, \value, "\what"
.endm

begin
    ask  getpid, 0, 1, "getpid"
    ask  getpgid, 0, 1, "init's group"
    ask  getsid, 0, 1, "init's session"
    ask  setsid, 0, -EPERM, "setsid of who leads a group"
    ask  getpgid, 99, -ESRCH, "getpgid of nobody"
    ask  umask, 077, 022, "umask at first"
    ask  umask, 022, 077, "umask"

    fork                        # a group of its own, then a session
    bnez a0, 1f
    ask  getpgid, 0, 1, "a child's group"
    ask  setpgid, 0, 0, "setpgid"
    system getpid
    mv   s0, a0
    li   a0, 0
    system getpgid
    expect_same a0, s0, "the group that it leads"
    li   a0, 0
    li   a1, 99
    system setpgid
    expect a0, -EPERM, "setpgid to a group that is not there"
    fork
    bnez a0, 2f
    li   a0, 0
    system getpgid
    expect_same a0, s0, "a grandchild's group"
    system setsid
    mv   s1, a0
    system getpid
    expect_same a0, s1, "the session that it leads"
    li   a0, 0
    system getsid
    expect_same a0, s1, "its session"
    mv   a0, s11
    system exit
2:  wait_for a0
    expect t1, 0, "a session"
    ask  setpgid, 1, -ESRCH, "setpgid of the parent"
    mv   a0, s11
    system exit
1:  wait_for a0
    expect t1, 0, "groups"

    fork                        # a signal for a group: only who is in it
    beqz a0, member
    mv   s2, a0
    fork
    beqz a0, member
    mv   s3, a0
    mv   a0, s2
    mv   a1, s2
    system setpgid
    mv   a0, s3
    mv   a1, s2
    system setpgid
    expect a0, 0, "setpgid of a child into another one's group"
    neg  a0, s2
    li   a1, SIGTERM
    system kill
    expect a0, 0, "kill of a group"
    neg  s4, s2
    wait_for s4
    expect t1, SIGTERM, "one of a group"
    wait_for s4
    expect t1, SIGTERM, "the other one"
    wait_for s4
    expect a0, -ECHILD, "a third one"

    ask  getpriority, 0, 20, "getpriority"
    fork
    bnez a0, 1f
    li   a0, 0
    li   a1, 0
    li   a2, 5
    system setpriority
    expect a0, 0, "setpriority"
    ask  getpriority, 0, 15, "a lower priority"
    ask  setuid, 1000, 0, "setuid"
    ask  getuid, 0, 1000, "getuid"
    ask  geteuid, 0, 1000, "geteuid"
    ask  setuid, 0, -EPERM, "setuid back"
    ask  setgid, 0, 0, "setgid to the own group"
    ask  setgid, 7, -EPERM, "setgid to another one"
    li   a0, 0
    li   a1, 0
    li   a2, 0
    system setpriority
    expect a0, -EACCES, "setpriority upward"
    li   a0, 1
    li   a1, SIGTERM
    system kill
    expect a0, -EPERM, "kill of root's process"
    li   a0, 0xfee1dead
    li   a1, 672274793
    li   a2, 0x4321fedc
    li   a3, 0
    system reboot
    expect a0, -EPERM, "reboot"
    call capabilities
    expect t1, 0, "effective capabilities of who is not root"
    mv   a0, s11
    system exit
1:  wait_for a0
    expect t1, 0, "who is not root"

    call capabilities
    li   t0, -1
    expect t1, 0xffffffff, "root's capabilities"
    fork                        # away from root and back
    bnez a0, 1f
    li   a0, -1
    li   a1, 1000
    li   a2, -1
    system setresuid
    expect a0, 0, "setresuid"
    call capabilities
    expect t1, 0, "capabilities of who acts as somebody else"
    addi a0, sp, 0
    addi a1, sp, 4
    addi a2, sp, 8
    system getresuid
    lw   t1, 0(sp)
    expect t1, 0, "the real user"
    lw   t1, 4(sp)
    expect t1, 1000, "the effective user"
    ask  setuid, 0, 0, "setuid back to root"
    call capabilities
    expect t1, 0xffffffff, "root's capabilities again"
    li   t0, 0x20080522         # fewer of them
    sw   t0, 0(sp)
    sw   zero, 4(sp)
    sd   zero, 8(sp)
    sd   zero, 16(sp)
    sd   zero, 24(sp)
    mv   a0, sp
    addi a1, sp, 8
    system capset
    expect a0, 0, "capset"
    ask  setuid, 5, -EPERM, "setuid without CAP_SETUID"
    li   t0, 1
    sw   t0, 8(sp)
    sw   t0, 12(sp)
    mv   a0, sp
    addi a1, sp, 8
    system capset
    expect a0, -EPERM, "capset to more"
    mv   a0, s11
    system exit
1:  wait_for a0
    expect t1, 0, "who went away from root"

    mv   a0, sp                 # the machine's name
    system uname
    expect a0, 0, "uname"
    lbu  t1, 0(sp)
    expect t1, 't', "its first letter"
    lbu  t1, 4 * 65(sp)
    expect t1, 't', "the first letter of what it is"
    la   a0, name
    li   a1, 3
    system sethostname
    expect a0, 0, "sethostname"
    mv   a0, sp
    system uname
    lbu  t1, 65 + 2(sp)
    expect t1, 'x', "the host's name"
    lbu  t1, 65 + 3(sp)
    expect t1, 0, "the end of the host's name"
    li   a0, 0
    li   a1, 3
    li   a2, 0
    mv   a3, sp
    system prlimit64
    ld   t1, 8(sp)
    expect t1, 8 << 20, "the stack's limit"

    li   a0, 3                  # supplementary groups
    li   t0, 7 | 8 << 32
    sd   t0, 0(sp)
    sw   zero, 8(sp)
    mv   a1, sp
    system setgroups
    expect a0, 0, "setgroups"
    ask  getgroups, 0, 3, "how many groups"
    li   a0, 16
    addi a1, sp, 16
    system getgroups
    ld   t1, 16(sp)
    li   t2, 7 | 8 << 32
    expect_same t1, t2, "two of the groups"
    li   a0, 17
    mv   a1, sp
    system setgroups
    expect a0, -EINVAL, "too many groups"
    finish

member:
    nap  1000000000000
    li   a0, 1
    system exit

.rodata
name: .ascii "box"
.text

# t1 = the low half of the effective capabilities; changes a0, a1, a7.
capabilities:
    li   t0, 0x20080522
    sw   t0, 0(sp)
    sw   zero, 4(sp)
    mv   a0, sp
    addi a1, sp, 8
    system capget
    lwu  t1, 8(sp)
    ret
