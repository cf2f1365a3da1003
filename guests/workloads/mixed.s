# Kernel work of which a share has to exit, and system calls that only some techniques have to: what the sweep varies.
# workload: kernel work, a share of it privileged, and system calls
# operation: ten system calls; at the tenth 1,000 instructions more of the kernel's, of which `privileged` read a port
# sweep: privileged
# build: plain
# missing paravirt: a paravirtual guest has no ports
# exit: 0

.equ WORKLOAD_OPERATIONS, 1000
.equ KERNEL_WORK, 1000
.include "workload.inc"

.data
.balign 8
.globl privileged
privileged: .dword 10
.text

# s0 = operations, s1 = those done, s2 = the time at first, s3 = the time read last, s4 = how much plain work was done,
# s5, s6 = where in plain_work and port_reads the kernel begins
.globl _start
_start:
    workload_begin image_end
    beqz s0, workload_done
    la   t0, privileged
    ld   t0, 0(t0)
    li   t1, KERNEL_WORK
    bgtu t0, t1, workload_wrong
    slli t0, t0, 2
    la   s5, plain_work
    add  s5, s5, t0
    la   s6, port_reads_end
    sub  s6, s6, t0
    user_begin user_program, 1, on_trap
    li   s1, 0
    li   s4, 0
    in   s2, PORT_CLOCK
    trap_return

# Entered from user mode; a0 = 1 at every tenth call.
on_trap:
    skip_instruction
    beqz a0, 1f
    beq  s1, s0, finish         # the program has made its last call to say so
    addi s1, s1, 1
    jalr ra, 0(s5)
    jalr ra, 0(s6)
1:  trap_return

finish:
    in   t0, PORT_CLOCK
    sub  t0, t0, s2
    li   t1, KERNEL_WORK
    mul  t1, t1, s0
    bltu t0, t1, workload_wrong # no instruction takes less than a tick
    la   t2, privileged
    ld   t2, 0(t2)
    mul  t2, t2, s0
    sub  t1, t1, t2
    bne  s4, t1, workload_wrong
    j    workload_done

# Called by on_trap at any of their instructions: the rest of them is executed.
plain_work:
.rept KERNEL_WORK
    addi s4, s4, 1
.endr
    ret
port_reads:
.rept KERNEL_WORK
    in   s3, PORT_CLOCK
.endr
port_reads_end:
    ret

.balign PAGE_SIZE
user_program:
    li   a0, 0
.rept 9
    syscall
.endr
    li   a0, 1
    syscall
    j    user_program
.balign PAGE_SIZE

.bss
image_end:
