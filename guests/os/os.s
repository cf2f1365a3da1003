# The operating system's kernel: a small Unix, with Linux's system calls. toyvm/docs/os-design.md says what it is.
# techniques: bare trap para
# exit: 0
#
# It is linked low, as all images, entered low, and lives at KERNEL_BASE from platform_rise on.

.equ KERNEL_BASE, 0xffffffc000000000    # plus an address in memory
.equ DISK_UNTRAPPED, 1

.include "platform.inc"
.include "platform/high.inc"
.include "platform/tables.inc"
.include "lib/print.inc"
.include "lib/causes.inc"
.include "os/include/linux.inc"
.include "os/include/contexts.inc"
.include "os/kernel/layout.inc"
.include "os/kernel/calls.inc"
.include "os/kernel/rows.inc"
.include "os/kernel/contexts.inc"
.include "os/kernel/kin.inc"
.include "os/kernel/process.inc"
.include "os/kernel/schedule.inc"
.include "os/kernel/frames.inc"
.include "platform/spaces.inc"
.include "os/kernel/space.inc"
.include "os/kernel/regions.inc"
.include "os/kernel/faults.inc"
.include "os/kernel/mapping.inc"
.include "os/kernel/user.inc"
.include "os/kernel/life.inc"
.include "os/kernel/images.inc"
.include "os/kernel/filesystem.inc"
.include "os/kernel/console.inc"
.include "os/kernel/window.inc"
.include "os/kernel/terminal.inc"
.include "os/kernel/shown.inc"
.include "os/kernel/line.inc"
.include "os/kernel/history.inc"
.include "os/kernel/completion.inc"
.include "os/kernel/sockets.inc"
.include "os/kernel/datagrams.inc"
.include "os/kernel/connections.inc"
.include "os/kernel/exec.inc"
.include "os/kernel/arguments.inc"
.include "os/kernel/signals.inc"
.include "os/kernel/handlers.inc"
.include "os/kernel/masks.inc"
.include "os/kernel/ids.inc"
.include "os/kernel/credentials.inc"
.include "os/kernel/capabilities.inc"
.if CONTEXTS
.include "os/kernel/context_calls.inc"
.include "os/kernel/entering.inc"
.include "os/kernel/freezing.inc"
.include "os/kernel/resources.inc"
.include "os/kernel/tokens.inc"
.include "os/kernel/quota.inc"
.include "os/kernel/checkpoint_file.inc"
.include "os/kernel/checkpoint.inc"
.include "os/kernel/checkpoint_rows.inc"
.include "os/kernel/checkpoint_processes.inc"
.include "os/kernel/restore.inc"
.include "os/kernel/restore_rows.inc"
.include "os/kernel/restore_sockets.inc"
.include "os/kernel/restore_processes.inc"
.include "os/kernel/own_console.inc"
.include "os/kernel/context_calls_end.inc"
.endif
.include "os/kernel/trap.inc"
.include "os/kernel/clock.inc"
.include "os/kernel/system.inc"
.include "os/kernel/power.inc"
.include "os/kernel/random.inc"
.include "os/kernel/proc_texts.inc"
.if CONTEXTS
.include "os/kernel/context_proc.inc"
.endif
.include "os/kernel/selfcheck.inc"
.include "os/kernel/pagecheck.inc"
.if CONTEXTS
.include "os/kernel/contextcheck.inc"
.include "os/kernel/resourcecheck.inc"
.endif
.include "os/kernel/start.inc"
.include "os/kernel/calls_end.inc"

.text
# Entered in kernel mode, interrupts off, paging off or the monitor's.
.globl _start
_start:
    platform_begin
    platform_rise
    la   sp, idle_stack_end
    call processes_begin
    call contexts_begin
    memory_end
    li   t0, KERNEL_BASE
    add  a1, a0, t0
    la   a0, kernel_end
    call frames_begin
    bnez a0, too_little_memory
    trap_vector trap_entry
    li   t0, STATUS_PMODE | STATUS_PIE
    cr_write STATUS, t0         # for good: see trap.inc
    li   a0, IRQ_TIMER
    call irq_allow
    li   t0, -1
    sd   t0, timer_at, t1
    call calls_begin
    la   a0, trampoline
    call frame_get              # it is nobody's to give back
    call volume_mount
    bnez a0, no_volume
    call first_process
    j    choose

# Jumped to by _start, with a0 = why.
no_volume:
    neg  s0, a0
    print "kernel: the disk holds no file system of this system (toyvm disk create makes one): error "
    mv   a0, s0
    call print_number
    print "\n"
    li   a0, EXIT_NO_VOLUME
    power_off                   # without what power_down does for the disk

# Jumped to by _start.
too_little_memory:
    print "kernel: too little memory\n"
    li   a0, EXIT_NO_MEMORY
    power_off

.equ EXIT_NO_MEMORY, 98
.equ EXIT_NO_VOLUME, 96

.section .end, "aw", @nobits    # placed last
.balign PAGE_SIZE
kernel_end:                     # the image's last byte is before; free memory is behind
