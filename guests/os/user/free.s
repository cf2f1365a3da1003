# free: memory, in KiB: all there is, what is in use, what is free, and what of files is kept in it.

.include "os/user/lib/program.inc"
.include "os/user/lib/directory.inc"
.include "os/user/lib/processes.inc"

# s1 = total, s2 = free, s3 = cached
main:
    takes_nothing free
    la   a0, meminfo
    call text_read
    la   a1, total_line
    call value
    mv   s1, a0
    la   a1, free_line
    call value
    mv   s2, a0
    la   a1, cached_line
    call value
    mv   s3, a0
    la   a0, heading
    call out_string
    mv   a0, s1
    li   a1, 12
    call out_padded
    sub  a0, s1, s2
    li   a1, 12
    call out_padded
    mv   a0, s2
    li   a1, 12
    call out_padded
    mv   a0, s3
    li   a1, 12
    call out_padded
    li   a0, '\n'
    call out_byte
    li   a0, 0
    j    exit

# a0 = the number behind the string at a1 in proc_text. s0 is changed
value:
    save ra
    la   a0, proc_text
    call text_behind
    mv   s0, a0
    call next_number
    restore ra
    ret
.rodata
meminfo:     .asciz "/proc/meminfo"
total_line:  .asciz "MemTotal:"
free_line:   .asciz "MemFree:"
cached_line: .asciz "Cached:"
heading:     .asciz "       total        used        free      cached\n"
.text
