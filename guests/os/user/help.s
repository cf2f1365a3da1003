# help: what there is to run, a line each.

.include "os/user/lib/program.inc"

main:
    takes_nothing help
    la   a0, listing
    call out_string
    call c_programs
    la   a0, keys
    call out_string
    li   a0, 0
    j    exit

# Those in C are there where the disk was made with a compiler at hand. s0 = a name, s1 = how many were there
c_programs:
    save ra, s0, s1
    la   s0, names
    li   s1, 0
1:  lbu  t0, 0(s0)
    beqz t0, 4f
    li   a0, AT_FDCWD
    mv   a1, s0
    li   a2, X_OK
    li   a3, 0
    system faccessat
    bnez a0, 3f
    bnez s1, 2f
    out  "  in C       "
2:  addi s1, s1, 1
    li   t0, IN_A_ROW + 1
    bne  s1, t0, 21f
    out  "\n             "
21: out  " "
    addi a0, s0, BIN_LENGTH
    call out_string
3:  mv   a0, s0
    call string_length
    add  s0, s0, a0
    addi s0, s0, 1
    j    1b
4:  beqz s1, 5f
    out  "\n"
5:  restore ra, s0, s1
    ret
.rodata
listing:
    .ascii "  sh          pipes a | b, > < >> 2>, &, ;, &&, ||, ( ), $NAME, *, quotes;\n"
    .ascii "              cd exit export read test jobs fg bg wait kill\n"
    .ascii "  files       ls cat more head tail grep wc cmp tee hexdump\n"
    .ascii "              touch cp mv rm ln mkdir rmdir chmod chown\n"
    .ascii "  processes   ps top kill sleep setsid stress nc\n"
    .ascii "  the system  date uptime free df mount sync id su clear shutdown\n"
    .ascii "  contexts    ctx: many isolated systems beside one another; ctx help\n"
    .ascii "  itself      cat /proc/selfcheck: the kernel looks at its own books\n"
    .byte 0
keys:
    .ascii "Keys: arrows, Tab completes, Ctrl-C interrupts, Ctrl-Z stops, Ctrl-D ends,\n"
    .ascii "Ctrl-] leaves the machine.\n"
    .byte 0
.equ IN_A_ROW, 12
.equ BIN_LENGTH, 5              # of "/bin/"
names:
    .irp name, basic, calc, diff, edit, fetch, fmt, hexed, kv, life, pack, serve, snake, sort, tar
    .asciz "/bin/\name"
    .endr
    .byte 0
.text
