# A small kernel: processes in their own address spaces, preempted by the timer, and ten system calls.
# techniques: bare trap para
# exit: 0
#
# It never takes interrupts in kernel mode and has one stack: a trap handler ends by resuming a process, the same one or
# another. A system call that has to wait marks its process, leaves pc at the syscall, and is made again when there is
# hope.

.include "platform.inc"
.include "pages.inc"
.include "space.inc"
.include "platform/interrupts.inc"
.include "platform/neighbours.inc"
.include "platform/balloon.inc"
.include "platform/disk.inc"
.include "kernel/process.inc"
.include "kernel/programs.inc"
.include "lib/print.inc"
.include "kernel/label.inc"
.include "lib/causes.inc"
.include "kernel/memory.inc"
.include "kernel/lifecycle.inc"
.include "kernel/schedule.inc"
.include "kernel/syscall.inc"
.include "kernel/trap.inc"
.include "kernel/user.inc"

.text
# Entered in kernel mode, interrupts off.
.globl _start
_start:
    platform_begin
    la   sp, kernel_stack_end
    call announce
    call print_label
    memory_end
    la   s0, kernel_end
    li   t0, KERNEL_PAGES * PAGE_SIZE
    add  t0, s0, t0
    bltu a0, t0, too_little_memory
    mv   a1, a0
    mv   a0, s0
    call pages_init
    call spaces_init
    neighbours_greet
    trap_vector trap_entry
    interrupts_begin
    call remember_pages
    li   a0, PROGRAM_init
    li   a1, 0
    call process_spawn
    la   t0, init_process
    la   t1, processes
    sd   t1, 0(t0)
    interrupts_let_in IRQ_TIMER
    j    schedule

# Jumped to by _start, when not even init could be started.
too_little_memory:
    print "kernel: too little memory\n"
    li   a0, EXIT_NO_MEMORY
    power_off

.equ EXIT_NO_MEMORY, 98
.equ KERNEL_PAGES,   2 + SPAWN_PAGES        # a root or the status page, a page lost to rounding, and init

# The first line. Called by _start.
announce:
    save ra
    print "kernel: "
    memory_size
    srli a0, a0, 10
    call print_number
    print " KiB of memory\n"
    restore ra
    ret

# Note how many pages are free, for the check at the end. Called by _start.
remember_pages:
    la   t0, pages_free
    ld   t0, 0(t0)
    la   t1, pages_at_start
    sd   t0, 0(t1)
    ret

# The end: a0 = exit code. Jumped to when init has ended, its memory returned.
shutdown:
    mv   s0, a0
    la   s1, processes
    la   s2, processes_end
1:  ld   t0, PROC_STATE(s1)
    beqz t0, 2f                 # STATE_FREE
    li   t1, STATE_ZOMBIE
    beq  t0, t1, 2f             # its memory is back already
    mv   a0, s1
    call process_release
2:  addi s1, s1, PROC_SIZE
    bltu s1, s2, 1b
    call report
    mv   a0, s0
    power_off

# The last lines. Called by shutdown.
report:
    save ra
    la   t0, preemptions
    ld   t0, 0(t0)
    beqz t0, 1f
    print "kernel: processes were preempted\n"
1:  la   t0, pages_at_start
    ld   t0, 0(t0)
    la   t1, pages_free
    ld   t1, 0(t1)
    la   t2, pages_given
    ld   t2, 0(t2)
    add  t1, t1, t2
    beq  t0, t1, 2f
    print "kernel: some pages were lost\n"
    j    3f
2:  print "kernel: every page came back\n"
3:  restore ra
    ret

.bss
.balign 16
kernel_stack: .zero 4096
kernel_stack_end:
pages_at_start: .zero 8
kernel_end:                     # the image's last byte is before; free memory is behind
