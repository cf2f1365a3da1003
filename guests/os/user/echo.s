# echo [-n] [WORD...]: print the words, and a line's end unless -n.

.include "os/user/lib/program.inc"

# s0 = words left, s1 = the next, s2 = options
main:
    addi s0, a0, -1
    addi s1, a1, 8
    li   s2, 0
    beqz s0, 3f
    ld   a0, 0(s1)
    la   a1, no_end
    call string_compare
    bnez a0, 1f
    li   s2, 1
    addi s0, s0, -1
    addi s1, s1, 8
    beqz s0, 4f
1:  ld   a0, 0(s1)
    call out_string
    addi s0, s0, -1
    addi s1, s1, 8
    beqz s0, 2f
    li   a0, ' '
    call out_byte
    j    1b
2:  bnez s2, 4f
3:  li   a0, '\n'
    call out_byte
4:  li   a0, 0
    j    exit

.rodata
no_end: .asciz "-n"
