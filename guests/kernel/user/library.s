# The shared library of the user programs: one page, mapped at USER_LIBRARY in every process. Runs in user mode.
#
# sys NAME         make that system call; arguments in a0-a2, result in a0; changes a7
# ucall FUNCTION   call a function of this library; changes t0, ra and what it says
# say "text"       write a line of constant text; changes a0-a2, a7
# line_begin       begin to compose a line on the stack, in a cursor that goes along in s11
# line_text "text"     append constant text; changes a0, a1, t0, t1, ra
# line_number reg      append a number in decimal; likewise, and t2
# line_end             write the line in one call; changes a0-a2, a7; keeps no cursor

.equ LINE_SIZE, 160

.macro sys name
    li   a7, SYS_\name
    syscall
.endm

.macro ucall function
    li   t0, USER_LIBRARY + (\function - user_library)
    jalr t0
.endm

# The text stands behind the code that uses it, in the program's own page.
.macro say text
    la   a1, .Lsay_text_\@
    li   a2, .Lsay_end_\@ - .Lsay_text_\@
    li   a0, 1
    sys  write
    j    .Lsay_done_\@
.Lsay_text_\@: .ascii "\text"
.Lsay_end_\@: .balign 4
.Lsay_done_\@:
.endm

.macro line_begin
    addi sp, sp, -LINE_SIZE
    mv   s11, sp
.endm

.macro line_text text
    jal  a1, .Lline_done_\@       # a1 = address of the text
    .asciz "\text"
    .balign 4
.Lline_done_\@:
    ucall put_string
.endm

.macro line_number number
    mv   a1, \number
    ucall put_number
.endm

.macro line_end
    mv   a1, sp
    sub  a2, s11, sp
    li   a0, 1
    sys  write
    addi sp, sp, LINE_SIZE
.endm

# end_if_negative   a process that lost its kernel's help ends with code 1
.macro end_if_negative
    bgez a0, .Lfine_\@
    li   a0, 1
    sys  exit
.Lfine_\@:
.endm

    .balign PAGE_SIZE
user_library:

# Append the NUL-terminated string at a1 at the cursor s11.
put_string:
1:  lbu  t0, 0(a1)
    beqz t0, 2f
    sb   t0, 0(s11)
    addi s11, s11, 1
    addi a1, a1, 1
    j    1b
2:  ret

# Append a1 in decimal, unsigned, at the cursor s11.
put_number:
    addi sp, sp, -32            # 20 digits at most
    addi a0, sp, 32
    li   t0, 10
1:  remu t1, a1, t0
    divu a1, a1, t0
    addi t1, t1, '0'
    addi a0, a0, -1
    sb   t1, 0(a0)
    bnez a1, 1b
    addi t2, sp, 32
2:  lbu  t1, 0(a0)
    sb   t1, 0(s11)
    addi s11, s11, 1
    addi a0, a0, 1
    bltu a0, t2, 2b
    addi sp, sp, 32
    ret

# Start program a0 with argument a1 and wait for it; a0 = its result. Only for a program without other children.
run_program:
    addi sp, sp, -16
    sys  spawn
    end_if_negative
    mv   a0, sp
    li   a1, 0
    sys  wait
    end_if_negative
    ld   a0, 0(sp)
    addi sp, sp, 16
    ret

    .balign PAGE_SIZE
user_library_end:
.if user_library_end - user_library > PAGE_SIZE
.error "the shared library is larger than the page it is mapped with"
.endif
