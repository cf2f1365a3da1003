# pointers: asks the kernel for what it must refuse, with the error that it must give.

# One request that must give `error`.
.macro refused error, call, first=0, second=0, third=0
    li   a0, \first
    li   a1, \second
    li   a2, \third
    sys  \call
    li   t0, -\error
    bne  a0, t0, pointers_wrong
    addi s0, s0, 1
.endm

program pointers
    li   s0, 0                  # refused so far
    refused EFAULT, write, 1, 0, 8                          # nothing there
    refused EFAULT, write, 1, 0x1000, 8                     # the kernel
    refused EFAULT, write, 1, -8, 8                         # the monitors' window
    refused EFAULT, write, 1, USER_END - 8, 16              # half of it
    refused EFAULT, write, 1, STACK_BASE - 8, 16            # likewise
    refused EFAULT, write, 1, USER_BASE, -1                 # round the address space
    refused EFAULT, write, 1, HEAP_BASE, 8                  # not asked for yet
    refused EFAULT, read, 0, USER_BASE, 8                   # its own text
    refused EBADF, write, 2, USER_BASE, 8
    refused EBADF, read, 1, STACK_BASE, 8
    refused EFAULT, wait, USER_BASE, 1
    refused EFAULT, wait, STACK_BASE + 4, 1                 # not aligned
    refused ECHILD, wait, 0, 0
    refused ENOENT, spawn, PROGRAMS, 0
    refused ENOMEM, sbrk, -1
    li   a7, SYSCALLS
    syscall
    li   t0, -ENOSYS
    bne  a0, t0, pointers_wrong
    addi s0, s0, 1
    line_begin
    line_text "pointers: "
    line_number s0
    line_text " bad requests, all refused\n"
    line_end
    li   a0, 0
    sys  exit
pointers_wrong:
    neg  s1, a0
    line_begin
    line_text "pointers: wrong answer to request "
    line_number s0
    line_text ": -"
    line_number s1
    line_text "\n"
    line_end
    li   a0, 1
    sys  exit
program_end pointers
