# A fork bomb in a context without limits leaves the host no process to stop it with.
# case: fork bombs, where nobody had set a limit: the administrator's own shell cannot fork
# plant: PLANT_RESERVE

.include "escape.inc"

.equ outside, nothing

.equ MORE_THAN_ANY, 1000        # processes
.bss
.balign 8
none_left: .zero 8
.data
.balign 8
tenth: .dword 0, 100000000      # s, ns

.text
# s1 = tries left
inside:
    save ra, s1
    li   s1, MORE_THAN_ANY
1:  fork
    beqz a0, 2f
    bltz a0, 3f
    addi s1, s1, -1
    bnez s1, 1b
3:  call naps
    call naps
    li   a0, 0
    restore ra, s1
    ret
2:  call naps
    j    2b

naps:
    la   a0, tenth
    li   a1, 0
    system nanosleep
    ret

meanwhile:
    save ra
    call naps
    fork
    beqz a0, 1f
    srli a0, a0, 63
    sd   a0, none_left, t0
    restore ra
    ret
1:  system exit_group

after:
    ld   a0, none_left
    ret
