# rm [-fr] PATH...: remove files; -r: directories with all that is in them; -f: no complaint about what is not there.

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"
.include "os/user/lib/paths.inc"
.include "os/user/lib/directory.inc"

.equ FORCE,     1
.equ RECURSIVE, 2

# s0 = left, s1 = the next, s2 = options, s3 = status
main:
    la   a2, letters
    call options_take
    bltz a0, 9f
    mv   s0, a0
    mv   s1, a1
    mv   s2, a2
    li   s3, 0
    bnez s0, 1f
    andi t0, s2, FORCE
    bnez t0, 2f
    j    9f
1:  ld   a0, 0(s1)
    call remove
    addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 1b
2:  mv   a0, s3
    j    exit
9:  usage "rm [-fr] PATH..."
.rodata
letters: .asciz "fr"
.text

# Remove what is at path a0. s4 = path, s5 = names left, s6 = how many; the stack has a path and a status
remove:
    save_in 32 + PATH_ROOM + STAT_RECORD, ra, s4, s5, s6
    mv   s4, a0
    addi a1, sp, 32 + PATH_ROOM
    call status_of
    bnez a0, 8f
    lwu  t0, 32 + PATH_ROOM + STAT_MODE(sp)
    srli t0, t0, S_IFMT_SHIFT
    addi t0, t0, -DT_DIR
    li   a2, 0
    bnez t0, 5f
    li   a0, -EISDIR
    andi t0, s2, RECURSIVE
    beqz t0, 8f
    mv   a0, s4
    li   a1, 0
    call directory_names
    bltz a0, 8f
    mv   s5, a0
    mv   s6, a1
1:  beqz s6, 4f
    addi a0, sp, 32
    mv   a1, s4
    ld   a2, 0(s5)
    call path_join
    bnez a0, 8f
    addi a0, sp, 32
    call remove
    addi s5, s5, 8
    addi s6, s6, -1
    j    1b
4:  li   a2, AT_REMOVEDIR
5:  li   a0, AT_FDCWD
    mv   a1, s4
    system unlinkat
    bnez a0, 8f
9:  restore_from 32 + PATH_ROOM + STAT_RECORD, ra, s4, s5, s6
    ret
8:  li   t0, -ENOENT
    bne  a0, t0, 7f
    andi t0, s2, FORCE
    bnez t0, 9b
7:  mv   a1, a0
    mv   a0, s4
    call complain
    li   s3, 1
    j    9b
