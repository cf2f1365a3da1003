# ls [-adln1] [PATH...]: list files, and what is in directories, the working directory unless said; in columns on a terminal.
#
#   -a  names that begin with a dot, too    -d  directories themselves, not what is in them    -l  a line each, with all about it
#   -n  the same, with numbers for owners   -1  a line each

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"
.include "os/user/lib/paths.inc"
.include "os/user/lib/directory.inc"
.include "os/user/lib/dates.inc"
.include "os/user/lib/users.inc"

.equ ALL,  1
.equ SELF, 2
.equ LONG, 4
.equ ONE,  8
.equ NUMBERS, 16

.equ OWNER_COLUMN, 7

.bss
.balign 8
status: .zero STAT_RECORD
path:   .zero PATH_ROOM
link:   .zero PATH_ROOM
window: .zero 8                 # struct winsize
user_cached:  .zero 8           # a number and its name, as last asked for
user_name:    .zero ACCOUNT_ROOM
group_cached: .zero 8
group_name:   .zero ACCOUNT_ROOM
.text

# s0 = arguments left, s1 = the next, s2 = options, s3 = exit status, s4 = 1: directories get headings
main:
    la   a2, letters
    call options_take
    bltz a0, 9f
    mv   s0, a0
    mv   s1, a1
    mv   s2, a2
    li   s3, 0
    andi t0, s2, NUMBERS
    beqz t0, 2f
    ori  s2, s2, LONG
2:  li   a0, 1
    li   a1, TIOCGWINSZ
    la   a2, window
    system ioctl
    beqz a0, 3f
    ori  s2, s2, ONE            # who reads it reads lines
3:  li   t0, -1
    sd   t0, user_cached, t1
    sd   t0, group_cached, t1
    li   t0, 1
    sgt  s4, s0, t0
    bnez s0, 1f
    la   a0, here
    call list
    j    8f
1:  ld   a0, 0(s1)
    call list
    addi s1, s1, 8
    addi s0, s0, -1
    bnez s0, 1b
8:  mv   a0, s3
    j    exit
9:  usage "ls [-adln1] [PATH...]"
.rodata
letters: .asciz "adl1n"
here:    .asciz "."
.text

# List what is at path a0. s5 = the path, s6 = names, s7 = how many are left
list:
    save ra, s5, s6, s7
    mv   s5, a0
    la   a1, status
    call status_of
    bnez a0, 8f
    andi t0, s2, SELF
    bnez t0, 3f
    andi t0, s2, LONG           # a link to a directory is shown as a link by -l
    beqz t0, 1f
    lwu  t0, status + STAT_MODE
    srli t0, t0, S_IFMT_SHIFT
    addi t0, t0, -DT_DIR
    bnez t0, 3f
1:  mv   a0, s5
    call is_directory
    beqz a0, 3f
    beqz s4, 2f
    mv   a0, s5
    call out_string
    out  ":\n"
2:  mv   a0, s5
    andi a1, s2, ALL
    call directory_names
    bltz a0, 8f
    mv   s6, a0
    mv   s7, a1
    call directory_list
    j    9f
3:  mv   a0, s5
    mv   a1, s5
    andi t0, s2, LONG
    bnez t0, 4f
    call out_string
    li   a0, '\n'
    call out_byte
    j    9f
4:  call line
    j    9f
8:  mv   a1, a0
    mv   a0, s5
    call complain
    li   s3, 1
9:  restore ra, s5, s6, s7
    ret

# The s7 names at s6 of the directory s5. s8 = a column's width, s9 = columns, s10 = the next column
directory_list:
    save ra, s8, s9, s10
    call hide_dots
    li   s8, 0
    li   s9, 0
1:  beq  s9, s7, 2f
    slli t0, s9, 3
    add  t0, t0, s6
    ld   a0, 0(t0)
    call string_length
    addi s9, s9, 1
    bleu a0, s8, 1b
    mv   s8, a0
    j    1b
2:  addi s8, s8, 2
    lhu  s9, window + 2
    divu s9, s9, s8
    bnez s9, 3f
    li   s9, 1
3:  andi t0, s2, ONE
    beqz t0, 4f
    li   s9, 1
4:  li   s10, 0
5:  beqz s7, 8f
    ld   a1, 0(s6)
    andi t0, s2, LONG
    bnez t0, 7f
    addi s10, s10, 1
    mv   a0, a1
    beq  s10, s9, 6f
    li   t0, 1
    beq  s7, t0, 6f
    mv   a1, s8
    call out_left
    j    71f
6:  call out_string
    li   a0, '\n'
    call out_byte
    li   s10, 0
    j    71f
7:  la   a0, path
    mv   a2, a1
    sd   a1, 32(sp)
    mv   a1, s5
    call path_join
    bnez a0, 71f
    la   a0, path
    ld   a1, 32(sp)
    call line
71: addi s6, s6, 8
    addi s7, s7, -1
    j    5b
8:  restore ra, s8, s9, s10
    ret

# Drop the names that begin with a dot, unless all are wanted. Changes t-registers.
hide_dots:
    andi t0, s2, ALL
    bnez t0, 4f
    mv   t0, s6
    mv   t1, s6
    slli t2, s7, 3
    add  t2, t2, s6
1:  beq  t1, t2, 3f
    ld   t3, 0(t1)
    addi t1, t1, 8
    lbu  t4, 0(t3)
    addi t4, t4, -'.'
    beqz t4, 1b
    sd   t3, 0(t0)
    addi t0, t0, 8
    j    1b
3:  sub  t0, t0, s6
    srli s7, t0, 3
4:  ret

# A line about what is at path a0, called a1. s5 = path, s6 = name
line:
    save ra, s5, s6
    mv   s5, a0
    mv   s6, a1
    la   a1, status
    call status_of
    bnez a0, 8f
    lwu  a0, status + STAT_MODE
    call mode_print
    lwu  a0, status + STAT_NLINK
    li   a1, 4
    call out_padded
    li   a0, ' '
    call out_byte
    lwu  a0, status + STAT_UID
    la   a1, passwd_file
    la   a2, user_cached
    call owner_print
    lwu  a0, status + STAT_GID
    la   a1, group_file
    la   a2, group_cached
    call owner_print
    lwu  t0, status + STAT_MODE
    srli t0, t0, S_IFMT_SHIFT
    addi t0, t0, -DT_CHR
    beqz t0, 2f
    ld   a0, status + STAT_SIZE
    li   a1, 9
    call out_padded
1:  li   a0, ' '
    call out_byte
    ld   a0, status + STAT_MTIME
    call date_print
    li   a0, ' '
    call out_byte
    mv   a0, s6
    call out_string
    lwu  t0, status + STAT_MODE
    srli t0, t0, S_IFMT_SHIFT
    addi t0, t0, -DT_LNK
    bnez t0, 3f
    out  " -> "
    li   a0, AT_FDCWD
    mv   a1, s5
    la   a2, link
    li   a3, PATH_ROOM
    system readlinkat
    bltz a0, 3f
    mv   a1, a0
    la   a0, link
    call out_bytes
3:  li   a0, '\n'
    call out_byte
    restore ra, s5, s6
    ret
2:  lwu  a0, status + STAT_RDEV
    srli a0, a0, 8
    li   a1, 5
    call out_padded
    out  ","
    lwu  a0, status + STAT_RDEV
    andi a0, a0, 0xff
    li   a1, 3
    call out_padded
    j    1b
8:  mv   a1, a0
    mv   a0, s5
    call complain
    li   s3, 1
    restore ra, s5, s6
    ret

# Print the name that the file at path a1 gives number a0, or that number; what is at a2 remembers the last one.
# s5 = the number, s6 = that
owner_print:
    save ra, s5, s6
    mv   s5, a0
    mv   s6, a2
    andi t0, s2, NUMBERS
    bnez t0, 3f
    ld   t0, 0(s6)
    beq  t0, a0, 2f
    sd   a0, 0(s6)
    call account_of
    beqz a0, 1f
    mv   a1, a0
    addi a0, s6, 8
    call string_copy
    j    2f
1:  sb   zero, 8(s6)
2:  lbu  t0, 8(s6)
    beqz t0, 3f
    addi a0, s6, 8
    li   a1, OWNER_COLUMN
    call out_left
    restore ra, s5, s6
    ret
3:  mv   a0, s5
    li   a1, OWNER_COLUMN - 1
    call out_padded
    li   a0, ' '
    call out_byte
    restore ra, s5, s6
    ret

# Print the mode a0 as letters. s5 = the mode, s6 = which bit
mode_print:
    save ra, s5, s6
    mv   s5, a0
    srli t0, a0, S_IFMT_SHIFT
    la   t1, type_letters
    add  t0, t0, t1
    lbu  a0, 0(t0)
    call out_byte
    li   s6, 0
1:  li   t0, 8
    sub  t0, t0, s6
    srl  t0, s5, t0
    andi t0, t0, 1
    li   a0, '-'
    beqz t0, 2f
    la   t0, mode_letters
    add  t0, t0, s6
    lbu  a0, 0(t0)
2:  addi t0, s6, -2             # where x stands: set-user-id and its kin
    li   t1, 3
    remu t2, t0, t1
    bnez t2, 4f
    divu t0, t0, t1
    li   t1, 11
    sub  t1, t1, t0
    srl  t1, s5, t1
    andi t1, t1, 1
    beqz t1, 4f
    la   t1, special_letters
    add  t1, t1, t0
    li   t2, '-'
    lbu  t3, 0(t1)
    beq  a0, t2, 3f
    ori  t3, t3, 0x20
3:  mv   a0, t3
4:  call out_byte
    addi s6, s6, 1
    li   t0, 9
    bltu s6, t0, 1b
    restore ra, s5, s6
    ret
.rodata
type_letters:    .ascii "?pc?d?b?-?l?s???"
mode_letters:    .ascii "rwxrwxrwx"
special_letters: .ascii "SST"
.text
