# usertests [CASE...]: try what the kernel does for programs, case by case; status 0 if all is as it should be. -l
# lists them.
#
# Each case runs in a process of its own, in a directory of its own. Behind it that is empty, free pages, blocks and
# inodes are as before, and the kernel finds its own invariants to hold (/proc/selfcheck).

.include "os/user/lib/program.inc"
.include "os/user/usertests/checks.inc"
.include "os/user/usertests/pointers.inc"
.include "os/user/usertests/files.inc"
.include "os/user/usertests/directories.inc"
.include "os/user/usertests/processes.inc"
.include "os/user/usertests/programs.inc"
.include "os/user/usertests/memory.inc"
.include "os/user/usertests/pipes.inc"
.include "os/user/usertests/signals.inc"
.include "os/user/usertests/rights.inc"
.include "os/user/usertests/messages.inc"
.include "os/user/usertests/contexts.inc"
.include "os/user/usertests/unified.inc"
.include "os/user/usertests/resources.inc"
.include "os/user/usertests/shares.inc"
.include "os/user/usertests/exhaustion.inc"

.section .cases, "a"
cases_end:

.equ CASE_FUNCTION, 0           # a row of the table
.equ CASE_NAME,     8
.equ CASE_SIZE,     16

.bss
.balign 8
counted:      .zero 32          # what is free: pages, blocks, inodes
counted_then: .zero 32
failed:       .zero 8           # cases that did
.text

# s0 = the row, s1 = arguments left, s2 = where they are, s3 = cases that ran
main:
    mv   s1, a0
    addi s1, s1, -1
    addi s2, a1, 8
    li   s3, 0
    beqz s1, 1f
    ld   a0, 0(s2)
    str  a1, "-l"
    call string_compare
    beqz a0, list
1:  call place_make
    call first_touch
    la   s0, cases
2:  beqz s1, 3f
    ld   a0, CASE_NAME(s0)
    call is_wanted
    beqz a0, 4f
3:  addi s3, s3, 1
    call case_run
4:  addi s0, s0, CASE_SIZE
    la   t0, cases_end
    bltu s0, t0, 2b
    changes_directory /
    removes_directory /tmp/usertests
    ld   s4, failed
    sub  a0, s3, s4
    call out_number
    out  " of "
    mv   a0, s3
    call out_number
    out  " cases as they should be\n"
    snez a0, s4
    bnez s3, 5f
    li   a0, 2                  # there is no such case
5:  j    exit

# Print the names.
list:
    la   s0, cases
1:  ld   a0, CASE_NAME(s0)
    call out_string
    out  "\n"
    addi s0, s0, CASE_SIZE
    la   t0, cases_end
    bltu s0, t0, 1b
    li   a0, 0
    j    exit

# a0 = 1 if the name at a0 is among the arguments, else 0.
is_wanted:
    save ra, s0, s1, s2
    mv   s0, a0
1:  mv   a0, s0
    ld   a1, 0(s2)
    call string_compare
    seqz a0, a0
    bnez a0, 2f
    addi s2, s2, 8
    addi s1, s1, -1
    bnez s1, 1b
2:  restore ra, s0, s1, s2
    ret

# The directory of the cases is there, and the current one.
place_make:
    li   a0, AT_FDCWD
    str  a1, "/tmp/usertests"
    li   a2, 0755
    system mkdirat              # it may be there
    changes_directory /tmp/usertests
    ret

# compare PLACE, WHAT   the case has failed where not as much is free there as before
.macro compare place, what
    ld   a0, counted + \place
    ld   t1, counted_then + \place
    beq  a0, t1, .Lsame_\@
    sub  a0, t1, a0
    bgez a0, .Lless_\@
    out  "there are more free \what; "
    j    run_failed
.Lless_\@:
    call out_number
    out  " free \what are lost; "
    j    run_failed
.Lsame_\@:
.endm

# Use what a case uses, so that pages which are touched for the first time do not count against it.
first_touch:
    save ra
    la   t0, _start             # a program's pages stay in memory
    la   t1, text_end
    li   t2, 4096
1:  ld   t3, 0(t0)
    add  t0, t0, t2
    bltu t0, t1, 1b
    la   a0, counted
    call count
    la   a0, counted_then
    call count
    call selfcheck_read
    parent_of orphan
    child_ends 0, "a child"
    restore ra
    ret

# Run the case s0, and look at what it has left.
case_run:
    save ra
    ld   a0, CASE_NAME(s0)
    li   a1, 20
    call out_left
    call out_flush
    la   a0, counted_then
    call count
    makes_directory case
    changes_directory case
    fork
    bltz a0, 3f
    bnez a0, 1f
    li   a0, 0
    li   a1, 0
    system setpgid
    ld   t0, CASE_FUNCTION(s0)
    jr   t0
1:  mv   s4, a0
    la   a1, case_status
    li   a2, 0
    li   a3, 0
    system wait4
    bne  a0, s4, 3f
    neg  a0, s4                 # what it has left running
    li   a1, SIGKILL
    system kill
    call rest_wait
    changes_directory ..
    lw   t0, case_status
    bnez t0, 3f
    removes_directory case
    la   a0, counted
    call count
    compare 0, pages
    compare 8, blocks
    compare 16, inodes
    call selfcheck_read
    bnez a0, run_failed
    out  "ok\n"
    restore ra
    ret
3:  lw   a0, case_status        # a signal, or the status that the case has explained
    andi a0, a0, 0x7f
    beqz a0, 4f
    call out_number
    out  " is the signal that ended it. "
    j    run_failed
4:  out  "    "
run_failed:
    out  "FAILED\n"
    ld   t0, failed
    addi t0, t0, 1
    sd   t0, failed, t1
    str  a0, "/tmp"             # the next one begins anew
    system chdir
    parent_of cleans_up
    child_ends 0, "rm"
    call place_make
    restore ra
    ret

cleans_up:
    la   t2, room + 1024
    str  t0, "rm"
    str  t1, "-r"
    sd   t0, 0(t2)
    sd   t1, 8(t2)
    str  t0, "/tmp/usertests"
    sd   t0, 16(t2)
    sd   zero, 24(t2)
    becomes /bin/rm
    done

# Wait for all children that a case has left to init, or to us.
rest_wait:
1:  li   a0, -1
    li   a1, 0
    li   a2, 0
    li   a3, 0
    system wait4
    bgez a0, 1b
    ret

# Write to a0 on what is free: pages, cached ones too, blocks, inodes.
count:
    save ra, s0
    mv   s0, a0
    str  a0, "/proc/meminfo"
    call file_read
    str  a0, "MemAvailable:"
    call number_behind
    mv   s5, a0
    str  a0, "Slab:"
    call number_behind
    add  a0, a0, s5
    srli a0, a0, 2
    sd   a0, 0(s0)
    str  a0, "/"
    la   a1, room
    system statfs
    la   t0, room
    ld   t1, 24(t0)             # f_bfree
    sd   t1, 8(s0)
    ld   t1, 48(t0)             # f_ffree
    sd   t1, 16(s0)
    restore ra, s0
    ret

# Read the file at path a0, up to 4,095 bytes, into room; zeros behind.
file_read:
    save ra, s0
    li   a1, O_RDONLY
    open
    mv   s0, a0
    la   a1, room
    li   a2, 4095
    system read
    la   t0, room
    add  t0, t0, a0
    sb   zero, 0(t0)
    mv   a0, s0
    system close
    restore ra, s0
    ret

# a0 = the number behind the string at a0 in room; 0: it is not there.
number_behind:
    la   t0, room
1:  mv   t1, a0
    mv   t2, t0
2:  lbu  t3, 0(t1)
    beqz t3, 3f
    lbu  t4, 0(t2)
    addi t1, t1, 1
    addi t2, t2, 1
    beq  t3, t4, 2b
    lbu  t3, 0(t0)
    addi t0, t0, 1
    bnez t3, 1b
    li   a0, 0
    ret
3:  li   a0, 0
4:  lbu  t3, 0(t2)
    addi t2, t2, 1
    li   t4, ' '
    beq  t3, t4, 4b
    addi t3, t3, -'0'
    li   t4, 10
    bgeu t3, t4, 5f
    mul  a0, a0, t4
    add  a0, a0, t3
    j    4b
5:  ret

# a0 = 0 if the kernel's invariants hold; else they are printed.
selfcheck_read:
    save ra
    str  a0, "/proc/selfcheck"
    call file_read
    la   a0, room
    str  a1, "ok\n"
    call string_compare
    beqz a0, 1f
    la   a0, room
    call out_string
    li   a0, 1
1:  restore ra
    ret
text_end:
