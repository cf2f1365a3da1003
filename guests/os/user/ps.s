# ps: every process: id, parent, user, state, KiB, milliseconds of its run time, context, name.
#
# States: R runs or could, S sleeps, T is stopped, Z has ended and not been waited for.

.include "os/user/lib/program.inc"
.include "os/user/lib/directory.inc"
.include "os/user/lib/processes.inc"

# s0 = a place in the list, s1 = its end
main:
    takes_nothing ps
    la   a0, heading
    call out_string
    call processes_find
    la   s0, process_ids
    ld   s1, process_count
    slli s1, s1, 3
    add  s1, s1, s0
1:  beq  s0, s1, 3f
    ld   a0, 0(s0)
    call process_read
    bnez a0, 2f
    call line
2:  addi s0, s0, 8
    j    1b
3:  li   a0, 0
    j    exit
.rodata
heading: .asciz "  PID  PPID   UID S    KiB       ms CONTEXT  NAME\n"
.text

line:
    save ra
    ld   a0, this_id
    li   a1, 5
    call out_padded
    ld   a0, this_parent
    li   a1, 6
    call out_padded
    ld   a0, this_user
    li   a1, 6
    call out_padded
    li   a0, ' '
    call out_byte
    ld   a0, this_state
    call out_byte
    ld   a0, this_size
    srli a0, a0, 10
    li   a1, 7
    call out_padded
    ld   a0, this_ticks
    li   t0, 1000000
    divu a0, a0, t0
    li   a1, 9
    call out_padded
    li   a0, ' '
    call out_byte
    ld   a0, this_context
    call context_print
    la   a0, this_name
    call out_string
    li   a0, '\n'
    call out_byte
    restore ra
    ret
