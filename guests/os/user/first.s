# first: says hello and ends; the whole system, until there is a disk with an init.
    li   a0, 1
    la   a1, 1f
    li   a2, 2f - 1f
    li   a7, 64                 # write
    syscall
    li   a0, 0
    li   a7, 93                 # exit
    syscall
1:  .ascii "first: hello\n"
2:
