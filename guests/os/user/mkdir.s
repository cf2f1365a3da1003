# mkdir [-p] DIRECTORY...: make directories; -p: those above them as well, and no complaint about what is there.

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"

# s0 = left, s1 = the next, s2 = options, s3 = status
main:
    la   a2, letters
    call options_take
    blez a0, 9f
    mv   s0, a0
    mv   s1, a1
    mv   s2, a2
    li   s3, 0
1:  ld   a0, 0(s1)
    beqz s2, 2f
    call parents_make
    ld   a0, 0(s1)
2:  call make
    beqz a0, 4f
    li   t0, -EEXIST
    bne  a0, t0, 3f
    bnez s2, 4f
3:  mv   a1, a0
    ld   a0, 0(s1)
    call complain
    li   s3, 1
4:  addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 1b
    mv   a0, s3
    j    exit
9:  usage "mkdir [-p] DIRECTORY..."
.rodata
letters: .asciz "p"
.text

make:
    mv   a1, a0
    li   a0, AT_FDCWD
    li   a2, 0777
    system mkdirat
    ret

# Make what is above path a0. s4 = the path, s5 = a place in it
parents_make:
    save ra, s4, s5
    mv   s4, a0
    mv   s5, a0
1:  lbu  t0, 0(s5)
    beqz t0, 3f
    li   t1, '/'
    bne  t0, t1, 2f
    beq  s5, s4, 2f
    sb   zero, 0(s5)
    mv   a0, s4
    call make
    li   t1, '/'
    sb   t1, 0(s5)
2:  addi s5, s5, 1
    j    1b
3:  restore ra, s4, s5
    ret
