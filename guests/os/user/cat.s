# cat [FILE...]: write files, or standard input, to standard output.

.include "os/user/lib/program.inc"

# s0 = arguments left, s1 = the next, s2 = the status
main:
    addi s0, a0, -1
    addi s1, a1, 8
    li   s2, 0
    bnez s0, 1f
    li   a0, 0
    la   a1, standard_input
    call copy
    j    4f
1:  ld   a0, 0(s1)
    li   a1, O_RDONLY
    open
    bltz a0, 2f
    mv   s3, a0
    ld   a1, 0(s1)
    call copy
    mv   a0, s3
    system close
    j    3f
2:  mv   a1, a0
    ld   a0, 0(s1)
    call complain
    li   s2, 1
3:  addi s0, s0, -1
    addi s1, s1, 8
    bnez s0, 1b
4:  mv   a0, s2
    j    exit

# Write all of file a0, called a1. s4 = the file, s5 = its name
copy:
    save ra, s4, s5
    mv   s4, a0
    mv   s5, a1
1:  mv   a0, s4
    la   a1, buffer
    li   a2, BUFFER_SIZE
    system read
    beqz a0, 3f
    bltz a0, 2f
    mv   a1, a0
    la   a0, buffer
    call out_bytes
    call out_flush
    j    1b
2:  mv   a1, a0
    mv   a0, s5
    call complain
    li   s2, 1
3:  restore ra, s4, s5
    ret

.equ BUFFER_SIZE, 4096
.rodata
standard_input: .asciz "standard input"
.bss
.balign 8
buffer: .zero BUFFER_SIZE
