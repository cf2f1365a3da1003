# cp [-r] PATH... TARGET: copy files; -r: directories with all that is in them, links as links.

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"
.include "os/user/lib/paths.inc"
.include "os/user/lib/directory.inc"
.include "os/user/lib/copy.inc"

.equ COPY_ROOM, 16384

.bss
.balign 8
copy_buffer: .zero COPY_ROOM
recursive:   .zero 8
.text

main:
    la   a2, letters
    call options_take
    sd   a2, recursive, t0
    la   a2, copy
    call each_target
    bgez a0, exit
    usage "cp [-r] PATH... TARGET"
.rodata
letters: .asciz "r"
.text

.equ FRAME_FROM,   64           # the frame of copy: registers, two paths, two statuses
.equ FRAME_TO,     FRAME_FROM + PATH_ROOM
.equ FRAME_STATUS, FRAME_TO + PATH_ROOM
.equ FRAME_TARGET, FRAME_STATUS + STAT_RECORD
.equ COPY_FRAME,   FRAME_TARGET + STAT_RECORD

# Copy what is at path a0 to path a1; a0 = 0, or 1. s0 = from, s1 = to, s2 = names left, s3 = how many, s4 = status
copy:
    save_in COPY_FRAME, ra, s0, s1, s2, s3, s4
    mv   s0, a0
    mv   s1, a1
    li   s4, 0
    li   a3, AT_SYMLINK_NOFOLLOW        # links are links with -r alone
    ld   t0, recursive
    bnez t0, 1f
    li   a3, 0
1:  li   a0, AT_FDCWD
    mv   a1, s0
    addi a2, sp, FRAME_STATUS
    system newfstatat
    bnez a0, 8f
    lwu  t0, FRAME_STATUS + STAT_MODE(sp)
    srli t0, t0, S_IFMT_SHIFT
    addi t1, t0, -DT_DIR
    beqz t1, 3f
    addi t1, t0, -DT_LNK
    beqz t1, 2f
    mv   a0, s1
    addi a1, sp, FRAME_TARGET
    call status_of
    bnez a0, 11f
    ld   t0, FRAME_STATUS + STAT_INO(sp)
    ld   t1, FRAME_TARGET + STAT_INO(sp)
    li   a0, -EEXIST            # a copy onto itself would empty it
    beq  t0, t1, 7f
11: mv   a0, s0
    mv   a1, s1
    lwu  a2, FRAME_STATUS + STAT_MODE(sp)
    call file_copy
    mv   s4, a0
    j    9f
2:  li   a0, AT_FDCWD
    mv   a1, s0
    addi a2, sp, FRAME_FROM
    li   a3, PATH_ROOM - 1
    system readlinkat
    bltz a0, 8f
    addi t0, sp, FRAME_FROM
    add  t0, t0, a0
    sb   zero, 0(t0)
    addi a0, sp, FRAME_FROM
    li   a1, AT_FDCWD
    mv   a2, s1
    system symlinkat
    bnez a0, 7f
    j    9f
3:  ld   t0, recursive
    li   a0, -EISDIR
    beqz t0, 8f
    li   a0, AT_FDCWD
    mv   a1, s1
    lwu  a2, FRAME_STATUS + STAT_MODE(sp)
    andi a2, a2, 0777
    ori  a2, a2, 0700
    system mkdirat
    beqz a0, 4f
    li   t0, -EEXIST
    bne  a0, t0, 7f
4:  mv   a0, s0
    li   a1, 0
    call directory_names
    bltz a0, 8f
    mv   s2, a0
    mv   s3, a1
5:  beqz s3, 9f
    addi a0, sp, FRAME_FROM
    mv   a1, s0
    ld   a2, 0(s2)
    call path_join
    bnez a0, 8f
    addi a0, sp, FRAME_TO
    mv   a1, s1
    ld   a2, 0(s2)
    call path_join
    bnez a0, 7f
    addi a0, sp, FRAME_FROM
    addi a1, sp, FRAME_TO
    call copy
    or   s4, s4, a0
    addi s2, s2, 8
    addi s3, s3, -1
    j    5b
7:  mv   s0, s1
8:  mv   a1, a0
    mv   a0, s0
    call complain
    li   s4, 1
9:  mv   a0, s4
    restore_from COPY_FRAME, ra, s0, s1, s2, s3, s4
    ret

# Copy the file at path a0 to a1, made with mode a2; a0 = 0, or 1. s0 = from, s1 = to, s2, s3 = their descriptors,
# s4 = what is written, s5 = how much is left
file_copy:
    save ra, s0, s1, s2, s3, s4, s5
    mv   s0, a0
    mv   s1, a1
    andi s4, a2, 0777
    li   s3, -1
    li   a1, O_RDONLY
    open
    mv   s2, a0
    bltz a0, 7f
    mv   a0, s1
    li   a1, O_WRONLY | O_CREAT | O_TRUNC
    mv   a2, s4
    open
    mv   s3, a0
    bltz a0, 6f
1:  mv   a0, s2
    la   a1, copy_buffer
    li   a2, COPY_ROOM
    system read
    bltz a0, 7f
    beqz a0, 5f
    mv   s5, a0
    la   s4, copy_buffer
2:  mv   a0, s3
    mv   a1, s4
    mv   a2, s5
    system write
    bltz a0, 6f
    add  s4, s4, a0
    sub  s5, s5, a0
    bnez s5, 2b
    j    1b
5:  li   s4, 0
    j    8f
6:  mv   s0, s1
7:  mv   a1, a0
    mv   a0, s0
    call complain
    li   s4, 1
8:  mv   a0, s2
    bltz s2, 9f
    system close
9:  mv   a0, s3
    bltz s3, 10f
    system close
10: mv   a0, s4
    restore ra, s0, s1, s2, s3, s4, s5
    ret
