# top [-n TIMES] [-d SECONDS]: who uses the processor, the busiest first, every second until q is pressed.

.include "os/user/lib/program.inc"
.include "os/user/lib/directory.inc"
.include "os/user/lib/processes.inc"
.include "os/user/lib/raw_terminal.inc"

.equ HEAD,   4                  # rows that are no process's, the last one, where the cursor rests, among them

# What is shown of a process.
.equ ROW_TICKS, 0               # in this interval
.equ ROW_ID,    8
.equ ROW_USER,  16
.equ ROW_SIZE,  24
.equ ROW_STATE, 32
.equ ROW_CONTEXT, 40
.equ ROW_NAME,  48
.equ ROW_BYTES, 80

.bss
.balign 8
rows:       .zero PROCESSES_MOST * ROW_BYTES
row_count:  .zero 8
before_ids:   .zero 8 * PROCESSES_MOST          # of the interval before: process and its ticks
before_ticks: .zero 8 * PROCESSES_MOST
before_count: .zero 8
window:     .zero 8             # struct winsize
waited:     .zero 8             # struct pollfd
interval:   .zero TIMESPEC_SIZE
now:        .zero TIMESPEC_SIZE
key:        .zero 8
.text

# s0 = times left, -1: no end; s1 = arguments, s2 = where, s3 = 1: a terminal
main:
    li   s0, -1
    addi s1, a0, -1
    addi s2, a1, 8
    li   t0, 1
    sd   t0, interval, t1
1:  beqz s1, 3f
    li   t0, 1
    beq  s1, t0, 9f
    ld   a0, 8(s2)
    call string_number
    bnez a1, 9f
    beqz a0, 9f
    mv   t3, a0
    ld   t0, 0(s2)
    lbu  t1, 0(t0)
    addi t1, t1, -'-'
    bnez t1, 9f
    lbu  t1, 1(t0)
    li   t2, 'n'
    beq  t1, t2, 2f
    li   t2, 'd'
    bne  t1, t2, 9f
    sd   t3, interval, t1
    j    21f
2:  mv   s0, t3
21: addi s1, s1, -2
    addi s2, s2, 16
    j    1b
3:  call keys_begin
4:  call gather
    call show
    beqz s0, 5f
    bltz s0, 41f
    addi s0, s0, -1
    beqz s0, 5f
41: call wait_key
    li   t0, 'q'
    bne  a0, t0, 4b
5:  call keys_end
    li   a0, 0
    j    exit
9:  usage "top [-n TIMES] [-d SECONDS]"

# Keys come at once, unseen. s3 = 1 if there is a terminal
keys_begin:
    save ra
    li   a0, 0
    call settings_find
    seqz s3, a0
    beqz s3, 1f
    li   a0, 0
    la   a2, raw
    call settings_set
1:  restore ra
    ret

keys_end:
    save ra
    beqz s3, 1f
    li   a0, 0
    la   a2, settings
    call settings_set
1:  restore ra
    ret

# Wait for a key, no longer than the interval; a0 = it, or 0, and q at the end of the input.
wait_key:
    li   t0, POLLIN << 32
    sd   t0, waited, t1
    la   a0, waited
    li   a1, 1
    la   a2, interval
    li   a3, 0
    system ppoll
    mv   t0, a0
    li   a0, 0
    blez t0, 1f
    la   a1, key
    li   a2, 1
    system read
    mv   t0, a0
    li   a0, 'q'
    blez t0, 1f
    lbu  a0, key
1:  ret

# rows = all processes, the busiest first; what they have used is kept for the next time. s4 = place in the list, s5 = row
gather:
    save ra, s4, s5
    ld   t0, memory_next        # what directory_names took is free again
    beqz t0, 1f
    ld   t0, names_begin
    sd   t0, memory_next, t1
    j    2f
1:  li   a0, 8
    call memory_take
    sd   a0, names_begin, t0
2:  call processes_find
    sd   zero, row_count, t0
    la   s4, process_ids
3:  ld   t0, process_count
    slli t0, t0, 3
    la   t1, process_ids
    add  t0, t0, t1
    beq  s4, t0, 6f
    ld   a0, 0(s4)
    call process_read
    bnez a0, 5f
    ld   a0, this_id
    call ticks_before
    ld   t0, this_ticks
    sub  a0, t0, a0
    call row_place
    mv   s5, a0
    ld   t0, this_id
    sd   t0, ROW_ID(s5)
    ld   t0, this_user
    sd   t0, ROW_USER(s5)
    ld   t0, this_context
    sd   t0, ROW_CONTEXT(s5)
    ld   t0, this_size
    sd   t0, ROW_SIZE(s5)
    ld   t0, this_state
    sd   t0, ROW_STATE(s5)
    addi a0, s5, ROW_NAME
    la   a1, this_name
    call string_copy
    ld   t0, this_ticks         # in place of what it was: the list of before is made anew below
    la   t1, process_ids
    sub  t1, s4, t1
    la   t2, next_ticks
    add  t1, t1, t2
    sd   t0, 0(t1)
5:  addi s4, s4, 8
    j    3b
6:  ld   t0, process_count
    sd   t0, before_count, t1
    la   t1, process_ids
    la   t2, before_ids
    la   t3, next_ticks
    la   t4, before_ticks
7:  beqz t0, 8f
    ld   t5, 0(t1)
    sd   t5, 0(t2)
    ld   t5, 0(t3)
    sd   t5, 0(t4)
    .irp n, 1, 2, 3, 4
    addi t\n, t\n, 8
    .endr
    addi t0, t0, -1
    j    7b
8:  restore ra, s4, s5
    ret
.bss
.balign 8
next_ticks:  .zero 8 * PROCESSES_MOST
names_begin: .zero 8
.text

# a0 = what process a0 had used when the last interval ended, 0 if it is new. Changes t-registers.
ticks_before:
    ld   t0, before_count
    la   t1, before_ids
    la   t2, before_ticks
1:  beqz t0, 2f
    ld   t3, 0(t1)
    beq  t3, a0, 3f
    addi t1, t1, 8
    addi t2, t2, 8
    addi t0, t0, -1
    j    1b
2:  li   a0, 0
    ret
3:  ld   a0, 0(t2)
    ret

# a0 = a new row with a0 ticks, where it belongs; those that used less are moved. Changes t-registers.
row_place:
    ld   t0, row_count
    addi t1, t0, 1
    sd   t1, row_count, t2
    li   t1, ROW_BYTES
    mul  t0, t0, t1
    la   t2, rows
    add  t0, t0, t2
1:  beq  t0, t2, 3f
    ld   t3, ROW_TICKS - ROW_BYTES(t0)
    bgeu t3, a0, 3f
    .set row_dword, 0
    .rept ROW_BYTES / 8
    ld   t4, row_dword - ROW_BYTES(t0)
    sd   t4, row_dword(t0)
    .set row_dword, row_dword + 8
    .endr
    addi t0, t0, -ROW_BYTES
    j    1b
3:  sd   a0, ROW_TICKS(t0)
    mv   a0, t0
    ret

# Show the rows, on a clear screen if there is a terminal. s4 = row, s5 = how many are left, s6 = ticks in all
show:
    save ra, s4, s5, s6
    beqz s3, 1f
    out  "\033[H\033[2J"
1:  li   a0, 1
    la   a1, now
    system clock_gettime
    out  "up "
    ld   a0, now
    call out_number
    out  " s, "
    ld   a0, row_count
    call out_number
    out  " processes"
    beqz s3, 2f
    out  "; q ends"
2:  out  "\n\n  PID   UID S    KiB   CPU CONTEXT  NAME\n"
    la   s4, rows
    ld   s5, row_count
    li   s6, 1
    mv   t0, s4
    mv   t1, s5
3:  beqz t1, 4f
    ld   t2, ROW_TICKS(t0)
    add  s6, s6, t2
    addi t0, t0, ROW_BYTES
    addi t1, t1, -1
    j    3b
4:  li   a0, 1
    li   a1, TIOCGWINSZ
    la   a2, window
    system ioctl
    bnez a0, 5f                 # a file has room for all
    lhu  t0, window
    addi t0, t0, -HEAD
    bleu s5, t0, 5f
    blez t0, 5f
    mv   s5, t0
5:  beqz s5, 6f
    ld   a0, ROW_ID(s4)
    li   a1, 5
    call out_padded
    ld   a0, ROW_USER(s4)
    li   a1, 6
    call out_padded
    li   a0, ' '
    call out_byte
    ld   a0, ROW_STATE(s4)
    call out_byte
    ld   a0, ROW_SIZE(s4)
    srli a0, a0, 10
    li   a1, 7
    call out_padded
    ld   a0, ROW_TICKS(s4)
    li   t0, 100
    mul  a0, a0, t0
    divu a0, a0, s6
    li   a1, 5
    call out_padded
    out  "% "
    ld   a0, ROW_CONTEXT(s4)
    call context_print
    addi a0, s4, ROW_NAME
    call out_string
    li   a0, '\n'
    call out_byte
    addi s4, s4, ROW_BYTES
    addi s5, s5, -1
    j    5b
6:  call out_flush
    restore ra, s4, s5, s6
    ret
