# sh [-c LINE | FILE] [ARGUMENT...]: the shell.
#
#   a | b    a ; b    a & b    a && b    a || b    ( a ; b )    < > >> 2> >&
#   'quoted'  "quoted $NAME"  \c    $NAME ${NAME} $? $$ $! $# $1 $@    * ? [a-z]    NAME=value    # remark
#
# A line is read (this file), taken apart (lexer.inc), and run (run.inc); words are expanded when it is their turn (expand.inc,
# glob.inc). What lives as long as a line lies in the arena.

.include "os/user/lib/program.inc"
.include "os/user/lib/sorting.inc"
.include "os/user/lib/killing.inc"
.include "os/user/sh/arena.inc"
.include "os/user/sh/variables.inc"
.include "os/user/sh/lexer.inc"
.include "os/user/sh/glob.inc"
.include "os/user/sh/expand.inc"
.include "os/user/sh/redirect.inc"
.include "os/user/sh/jobs.inc"
.include "os/user/sh/run.inc"
.include "os/user/sh/builtins.inc"
.include "os/user/sh/test.inc"

.equ INPUT_SIZE, 1024
.equ SCRIPT_DESCRIPTOR, 20      # where a script is read from: not in the way of what it opens itself

.bss
.balign 8
input_file:   .zero 8
input_chunk:  .zero 8           # bytes that may be read at once: what a child is to read stays unread
input_next:   .zero 8           # offsets in input
input_end:    .zero 8
input:        .zero INPUT_SIZE
input_string: .zero 8           # -c: it is this, and then it has ended
interactive:  .zero 8
arguments:    .zero 8           # $0 and behind it
arguments_count: .zero 8        # $#
last_status:  .zero 8           # $?
shell_id:     .zero 8           # $$, in its children, too
.text

# s0 = arguments, s1 = where they are
main:
    mv   s0, a0
    mv   s1, a1
    mv   a0, a2
    call variables_begin
    system getpid
    sd   a0, shell_id, t0
    call set_up
2:  call line_read
    bltz a0, 3f
    call line_run
    j    2b
3:  ld   a0, last_status
    j    exit

# By the arguments: where lines come from, and what $1 is. Called by main with s0, s1.
set_up:
    save ra
    li   t0, INPUT_SIZE
    sd   t0, input_chunk, t1
    addi t0, s0, -1
    beqz t0, 3f
    ld   a0, 8(s1)
    la   a1, dash_c
    call string_compare
    bnez a0, 1f
    addi t0, s0, -3
    bltz t0, 9f
    ld   t1, 16(s1)
    sd   t1, input_string, t2
    li   t1, -1
    sd   t1, input_file, t2
    beqz t0, 3f                 # $0 is the shell's own name
    addi s0, s0, -3
    addi s1, s1, 24
    j    2f
1:  ld   a0, 8(s1)
    li   a1, O_RDONLY
    open
    bltz a0, 8f
    mv   t0, a0
    li   a1, SCRIPT_DESCRIPTOR
    li   a2, O_CLOEXEC
    system dup3
    mv   a0, t0
    system close
    li   t0, SCRIPT_DESCRIPTOR
    sd   t0, input_file, t1
    addi s0, s0, -1
    addi s1, s1, 8
2:  sd   s1, arguments, t0
    addi t0, s0, -1
    sd   t0, arguments_count, t1
    restore ra
    ret
3:  sd   s1, arguments, t0
    ld   t0, input_string
    bnez t0, 5f
    li   a0, 0
    call is_terminal
    sd   a0, interactive, t0
    bnez a0, 4f
    li   t0, 1
    sd   t0, input_chunk, t1
    j    5f
4:  call jobs_begin
5:  restore ra
    ret
8:  mv   a1, a0
    ld   a0, 8(s1)
    call complain
    li   a0, 127
    j    exit
9:  usage "sh [-c LINE | FILE] [ARGUMENT...]"
.rodata
dash_c: .asciz "-c"
.text

# a0 = 1 if descriptor a0 is a terminal, else 0.
is_terminal:
    addi sp, sp, -64
    li   a1, TCGETS
    mv   a2, sp
    system ioctl
    seqz a0, a0
    addi sp, sp, 64
    ret

# Read a line, and more where it is not complete; its tokens are there then. a0 = 0, or -1 at the end of the input.
# s0 = the text so far in the arena, s1 = its end
line_read:
    save ra, s0, s1
1:  call arena_clear
    la   a0, prompt_root
    system geteuid
    mv   t0, a0
    la   a0, prompt_root
    beqz t0, 2f
    la   a0, prompt_user
2:  call prompt_print
    li   a0, LINE_MAXIMUM
    call arena_take
    beqz a0, 8f
    mv   s0, a0
    mv   s1, a0
3:  mv   a0, s1
    call input_line
    bltz a0, 5f
    mv   s1, a0
    mv   a0, s0
    call tokens_make
    beqz a0, 7f
    addi t0, a0, 1              # -1: there has to be more
    bnez t0, 8f
    la   a0, prompt_more
    call prompt_print
    j    3b
5:  li   t0, INTERRUPTED
    bne  a0, t0, 6f
    li   t0, 128 + SIGINT
    sd   t0, last_status, t1
    j    1b
6:  beq  s0, s1, 9f
    la   a0, unfinished
    call sh_error
    li   t0, 2
    sd   t0, last_status, t1
9:  li   a0, -1
7:  restore ra, s0, s1
    ret
8:  li   t0, 2                  # it makes no sense, which was said
    sd   t0, last_status, t1
    ld   t0, interactive
    bnez t0, 1b
    j    9b

.equ LINE_MAXIMUM, 8192
.equ INTERRUPTED, -2
.rodata
prompt_root: .asciz "# "
prompt_user: .asciz "$ "
prompt_more: .asciz "> "
unfinished:  .asciz "the input ends within a line"
.text

# Print a prompt, a0, if somebody sits there: the working directory before it, unless it is the one for more.
prompt_print:
    ld   t0, interactive
    bnez t0, 1f
    ret
1:  save ra, s0
    mv   s0, a0
    call jobs_report
    la   t0, prompt_more
    beq  s0, t0, 2f
    addi sp, sp, -256
    mv   a0, sp
    li   a1, 250
    system getcwd
    bltz a0, 3f
    mv   a0, sp
    call out_string
    li   a0, ' '
    call out_byte
3:  addi sp, sp, 256
2:  mv   a0, s0
    call out_string
    call out_flush
    restore ra, s0
    ret

# Put the next line of the input, its end with it, and a zero, to a0. a0 = where that zero is, or -1 at the input's end, or
# INTERRUPTED where a key has dropped what was typed.
# s0 = where to, s1 = room left
input_line:
    save ra, s0, s1
    mv   s0, a0
    sd   a0, 24(sp)
    li   s1, LINE_MAXIMUM / 2 - 2
    ld   t0, input_string
    beqz t0, 2f
    lbu  t1, 0(t0)
    beqz t1, 6f
1:  lbu  t1, 0(t0)              # all of it, lines of it too
    beqz t1, 11f
    beqz s1, 11f
    sb   t1, 0(s0)
    addi s0, s0, 1
    addi t0, t0, 1
    addi s1, s1, -1
    j    1b
11: sd   t0, input_string, t1
    j    5f
2:  ld   t0, input_next
    ld   t1, input_end
    bltu t0, t1, 4f
    ld   a0, input_file
    bltz a0, 6f
    la   a1, input
    ld   a2, input_chunk
    system read
    li   t0, -EINTR
    bne  a0, t0, 21f
    ld   t1, interactive
    beqz t1, 2b
    li   a0, INTERRUPTED
    j    7f
21: blez a0, 3f
    sd   a0, input_end, t0
    sd   zero, input_next, t0
    j    2b
3:  ld   t0, 24(sp)             # the end; what there is counts as a line
    bne  s0, t0, 5f
6:  li   a0, -1
    j    7f
4:  la   t1, input
    add  t1, t1, t0
    lbu  t2, 0(t1)
    addi t0, t0, 1
    sd   t0, input_next, t1
    beqz t2, 2b
    sb   t2, 0(s0)
    addi s0, s0, 1
    addi s1, s1, -1
    beqz s1, 5f
    li   t0, '\n'
    bne  t2, t0, 2b
5:  sb   zero, 0(s0)
    mv   a0, s0
7:  restore ra, s0, s1
    ret

# Say the string at a0, after the shell's name.
sh_error:
    save ra, s0
    mv   s0, a0
    call out_flush
    la   a0, sh_name
    call error_string
    mv   a0, s0
    call error_string
    la   a0, newline
    call error_string
    restore ra, s0
    ret
.rodata
sh_name: .asciz "sh: "
.text
