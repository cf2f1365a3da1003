# tee [-a] [FILE...]: standard input to standard output, and into files.

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"

.equ TEE_FILES, 32
.equ TEE_ROOM,  4096

.bss
.balign 8
tee_files:  .zero 8 * TEE_FILES
tee_names:  .zero 8 * TEE_FILES
tee_buffer: .zero TEE_ROOM
.text

# s0 = files, s1 = status, s2 = arguments, s3 = where they are, s4 = how files are opened
main:
    la   a2, letters
    call options_take
    bltz a0, 9f
    mv   s2, a0
    mv   s3, a1
    li   s0, 1
    li   s1, 0
    li   t0, 1
    sd   t0, tee_files, t1
    la   t0, output
    sd   t0, tee_names, t1
    li   s4, O_WRONLY | O_CREAT | O_TRUNC
    beqz a2, 1f
    li   s4, O_WRONLY | O_CREAT | O_APPEND
1:  beqz s2, 4f
    li   t0, TEE_FILES
    beq  s0, t0, 9f
    ld   a0, 0(s3)
    mv   a1, s4
    li   a2, 0666
    open
    bltz a0, 2f
    slli t0, s0, 3
    la   t1, tee_files
    add  t1, t1, t0
    sd   a0, 0(t1)
    la   t1, tee_names
    add  t1, t1, t0
    ld   t2, 0(s3)
    sd   t2, 0(t1)
    addi s0, s0, 1
    j    3f
2:  mv   a1, a0
    ld   a0, 0(s3)
    call complain
    li   s1, 1
3:  addi s3, s3, 8
    addi s2, s2, -1
    j    1b
4:  li   a0, 0
    la   a1, tee_buffer
    li   a2, TEE_ROOM
    system read
    blez a0, 8f
    mv   a1, a0
    call tee_write
    j    4b
8:  mv   a0, s1
    j    exit
9:  usage "tee [-a] [FILE...]"
.rodata
letters: .asciz "a"
output:  .asciz "standard output"
.text

# Write a1 bytes of the buffer to each file; one that fails is left out from then on. s2 = bytes, s3 = file, s4 = number,
# s5 = where, s6 = left
tee_write:
    save ra, s2, s3, s4, s5, s6
    mv   s2, a1
    li   s4, 0
1:  slli t0, s4, 3
    la   t1, tee_files
    add  t1, t1, t0
    ld   s3, 0(t1)
    la   s5, tee_buffer
    mv   s6, s2
2:  bltz s3, 4f
    mv   a0, s3
    mv   a1, s5
    mv   a2, s6
    system write
    bltz a0, 3f
    add  s5, s5, a0
    sub  s6, s6, a0
    bnez s6, 2b
    j    4f
3:  mv   a1, a0
    slli t0, s4, 3
    la   t1, tee_files
    add  t1, t1, t0
    li   t2, -1
    sd   t2, 0(t1)
    la   t1, tee_names
    add  t1, t1, t0
    ld   a0, 0(t1)
    call complain
    li   s1, 1
4:  addi s4, s4, 1
    bne  s4, s0, 1b
    restore ra, s2, s3, s4, s5, s6
    ret
