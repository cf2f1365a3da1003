# System calls with numbers and arguments drawn from SEED, by CHILDREN processes, 200 each, which are ended after 2
# ms. All that this program expects is to come to its end, and that the kernel's invariants hold then: it prints
# /proc/selfcheck. There is a context, number 1, with directory /c; with -D INSIDE=1 every child enters it first.
#
# s0 = the state of the generator (SplitMix64), s1 = children left
.include "checking.inc"
.include "os/include/contexts.inc"

.ifndef INSIDE
.equ INSIDE, 0
.endif

# context VERB, number, flags   changes a0-a2, a7
.macro context verb, number, flags
    li   a0, CONTEXT_\verb
    li   a1, \number
    li   a2, \flags
    system context
.endm

begin
    la   a0, context_root
    call make_directory
    la   a0, context_root
    li   a1, O_RDONLY | O_DIRECTORY
    li   a2, 0
    open
    mv   a1, a0
    li   a0, CONTEXT_CREATE
    la   a2, context_root
    system context
    li   a0, CONTEXT_SET
    li   a1, 1
    li   a2, CONTEXT_KEY_CAPABILITIES
    li   a3, -1
    system context
    la   a0, context_proc
    call make_directory
    la   a0, context_tmp
    call make_directory
    li   s0, SEED
    li   s1, CHILDREN
1:  fork
    beqz a0, child
    bltz a0, 4f
    mv   s2, a0
    nap  2000000
    mv   a0, s2
    li   a1, SIGKILL
    system kill
    mv   a0, s2
    li   a1, SIGCONT
    system kill
    wait_for s2
4:  addi s0, s0, 1
    addi s1, s1, -1
    bnez s1, 1b
    li   a0, -1
    li   a1, SIGKILL
    system kill
    li   s2, 50                 # contexts that there may be
3:  li   a0, CONTEXT_STOP
    mv   a1, s2
    system context
    addi s2, s2, -1
    bnez s2, 3b
2:  wait_any
    bgez a0, 2b
    la   a0, selfcheck
    li   a1, 0
    open
    mv   a1, sp
    li   a2, 1000
    system read
    mv   a2, a0
    li   a0, 1
    mv   a1, sp
    system write
    li   a0, 0
    system exit

# A directory of the path at a0.
make_directory:
    mv   a1, a0
    li   a0, AT_FDCWD
    li   a2, 0755
    system mkdirat
    ret

# random reg   the next 64 bits; changes t0
.macro random reg
    li   t0, 0x9e3779b97f4a7c15
    add  s0, s0, t0
    srli t0, s0, 30
    xor  \reg, s0, t0
    li   t0, 0xbf58476d1ce4e5b9
    mul  \reg, \reg, t0
    srli t0, \reg, 27
    xor  \reg, \reg, t0
    li   t0, 0x94d049bb133111eb
    mul  \reg, \reg, t0
    srli t0, \reg, 31
    xor  \reg, \reg, t0
.endm
# s3 = calls left, s4 = the number drawn for the call
child:
.if INSIDE
    context ENTER, 1, 0
.endif
    li   t0, 0x12345678911
    mul  s0, s0, t0
    li   s3, 200
5:  random s4
    .irp n, 0, 1, 2, 3, 4, 5
    call value
    sd   a0, 8 * \n(sp)
    .endr
    andi t1, s4, 3              # mostly a number that exists
    beqz t1, 6f
    la   t1, numbers
    li   t2, (numbers_end - numbers) / 2
    srli s4, s4, 8
    remu t2, s4, t2
    slli t2, t2, 1
    add  t1, t1, t2
    lhu  a7, 0(t1)
    j    7f
6:  srli a7, s4, 8
    andi a7, a7, 511
7:
.if !INSIDE
    li   t1, SYS_reboot
    beq  a7, t1, 5b
.endif
    .irp n, SYS_exit, SYS_exit_group
    li   t1, \n
    beq  a7, t1, 5b
    .endr
    ld   a0, 0(sp)
    ld   a1, 8(sp)
    ld   a2, 16(sp)
    ld   a3, 24(sp)
    ld   a4, 32(sp)
    ld   a5, 40(sp)
    li   t1, SYS_kill
    bne  a7, t1, 8f
    bgtz a0, 8f
    li   a0, 0x7fff             # not all, and not a group
8:  li   t1, SYS_context        # mostly a verb that exists
    bne  a7, t1, 10f
    andi t1, s4, 0x70
    beqz t1, 10f
    li   t1, CONTEXT_INFO
    srli a0, s4, 12
    remu a0, a0, t1
    addi a0, a0, 1
10: li   t1, SYS_clone
    bne  a7, t1, 9f
    li   a1, 0                  # on the same stack
9:  syscall
    addi s3, s3, -1
    bnez s3, 5b
    li   a0, 0
    system exit

# a0 = an argument: of one of 16 kinds.
value:
    random a1
    andi t1, a1, 15
    srli a1, a1, 4
    slli t1, t1, 2
    la   t2, kinds
    add  t1, t1, t2
    jr   t1
kinds:                          # a jump each
    j    small
    j    small
    j    small
    j    negative
    j    stack
    j    stack
    j    stack
    j    odd
    j    path
    j    path
    j    high
    j    any
    j    mapped
    j    nil
    j    page
    j    text
small:
    andi a0, a1, 31
    ret
negative:
    andi a0, a1, 255
    neg  a0, a0
    ret
stack:
    andi a0, a1, 1023
    slli a0, a0, 3
    add  a0, a0, sp
    li   t1, 4096
    sub  a0, a0, t1
    ret
odd:
    andi a0, a1, 4095
    add  a0, a0, sp
    ret
path:
    andi a0, a1, 7
    slli a0, a0, 4
    la   t1, paths
    add  a0, a0, t1
    ret
high:
    andi a0, a1, 4095
    li   t1, 0xffffffc000000000
    slli a0, a0, 3
    add  a0, a0, t1
    ret
any:
    mv   a0, a1
    ret
mapped:
    andi a0, a1, 63
    slli a0, a0, 12
    li   t1, 0x3fc0000000
    sub  a0, t1, a0
    ret
nil:
    li   a0, 0
    ret
page:
    andi a0, a1, 15
    slli a0, a0, 12
    ret
text:
    la   a0, _start
    andi a1, a1, 4095
    add  a0, a0, a1
    ret
.data
selfcheck: .asciz "/proc/selfcheck"
context_root: .asciz "/c"
context_proc: .asciz "/c/proc"
context_tmp:  .asciz "/c/tmp"
.balign 16
paths:
    .irp p, "/", "/bin/init", "/dev/console", "/tmp/a", "/tmp/b", "/etc/script", ".", "/proc/x"
    .balign 16
    .asciz "\p"
    .endr
.balign 16
numbers:                        # of calls that there are
    .irp n, 17, 23, 24, 25, 29, 33, 34, 35, 36, 37, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 59, 61, 62, 63, 64, 65, 66, 67, 68, 71, 73, 78, 79, 80, 81, 82, 88, 90, 91, 96, 99, 101, 113, 114, 115, 124, 129, 130, 131, 132, 133, 134, 135, 136, 139, 140, 141, 143, 144, 145, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 163, 164, 165, 166, 167, 169, 172, 173, 174, 178, 179, 214, 215, 220, 221, 222, 222, 222, 226, 226, 227, 233, 198, 198, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 242, 260, 261, 276, 278, 500, 500, 500, 500
    .half \n
    .endr
numbers_end:
