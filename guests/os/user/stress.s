# stress [-cmfd] COUNT SECONDS: keep the machine busy with COUNT processes that compute (-c), touch memory (-m), fork (-f) or write
# files (-d), all four unless said, for so many seconds.

.include "os/user/lib/program.inc"
.include "os/user/lib/options.inc"
.include "os/user/lib/seconds.inc"
.include "os/user/lib/wait.inc"

.equ STRESS_PAGES, 64
.equ STRESS_BYTES, 8192

.bss
.balign 8
now:          .zero TIMESPEC_SIZE
stress_block: .zero STRESS_BYTES
stress_name:  .zero 32
.text

# s0 = how many, s1 = when it ends, s2 = kinds, s3 = started
main:
    la   a2, letters
    call options_take
    li   t0, 2
    bne  a0, t0, 9f
    mv   s2, a2
    bnez s2, 1f
    li   s2, 15
1:  mv   s3, a1
    ld   a0, 0(s3)
    call string_number
    bnez a1, 9f
    mv   s0, a0
    ld   a0, 8(s3)
    call seconds_read
    bltz a0, 9f
    mv   s1, a0
    call clock
    add  s1, s1, a0
    li   s3, 0
2:  bge  s3, s0, 4f
    fork
    bltz a0, 3f
    beqz a0, 6f
    addi s3, s3, 1
    j    2b
3:  mv   a1, a0
    la   a0, starting
    call complain
4:  li   a0, -1
    li   a1, 0
    li   a2, 0
    li   a3, 0
    system wait4
    bgez a0, 4b
    li   a0, 0
    j    exit
6:
    .set kind, 1                # in the order of the letters
    .irp work, compute, memory, fork, disk
    andi t0, s2, kind
    beqz t0, 1f
    call work_\work
1:  .set kind, kind << 1
    .endr
    call clock
    bltu a0, s1, 6b
    li   a0, 0
    j    exit
9:  usage "stress [-cmfd] COUNT SECONDS"
.rodata
letters:  .asciz "cmfd"
starting: .asciz "another process"
.text

# a0 = nanoseconds since the start.
clock:
    li   a0, 1
    la   a1, now
    system clock_gettime
    ld   a0, now
    li   t0, 1000000000
    mul  a0, a0, t0
    ld   t0, now + 8
    add  a0, a0, t0
    ret

work_compute:
    li   t0, 50000
    li   t1, 1
1:  mul  t1, t1, t0
    addi t0, t0, -1
    bnez t0, 1b
    ret

# Pages that are taken, written and given back. s4 = where
work_memory:
    save ra, s4
    map_memory STRESS_PAGES * 4096
    bltz a0, 2f
    mv   s4, a0
    li   t0, STRESS_PAGES
    li   t2, 4096
1:  sd   a0, 0(a0)
    add  a0, a0, t2
    addi t0, t0, -1
    bnez t0, 1b
    mv   a0, s4
    li   a1, STRESS_PAGES * 4096
    system munmap
2:  restore ra, s4
    ret

work_fork:
    save ra
    fork
    bltz a0, 2f
    bnez a0, 1f
    system exit_group
1:  call wait_for
2:  restore ra
    ret

# A file that is written, and removed. s4 = its descriptor
work_disk:
    save ra, s4
    la   t0, stress_name
    la   t1, stress_path
1:  lbu  t2, 0(t1)
    sb   t2, 0(t0)
    addi t0, t0, 1
    addi t1, t1, 1
    bnez t2, 1b
    system getpid               # each process has its own
    la   t0, stress_name + STRESS_DIGITS
    li   t1, 10
    li   t2, 5
2:  remu t3, a0, t1
    divu a0, a0, t1
    addi t3, t3, '0'
    sb   t3, 0(t0)
    addi t0, t0, -1
    addi t2, t2, -1
    bnez t2, 2b
    la   a0, stress_name
    li   a1, O_WRONLY | O_CREAT | O_TRUNC
    li   a2, 0600
    open
    bltz a0, 3f
    mv   s4, a0
    la   a1, stress_block
    li   a2, STRESS_BYTES
    system write
    mv   a0, s4
    system close
    li   a0, AT_FDCWD
    la   a1, stress_name
    li   a2, 0
    system unlinkat
3:  restore ra, s4
    ret
.rodata
stress_path: .asciz "/tmp/stress.00000"
.equ STRESS_DIGITS, 16          # the last digit's place in it
.text
