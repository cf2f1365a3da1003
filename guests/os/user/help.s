# help: what there is to run, a line each.

.include "os/user/lib/program.inc"

main:
    la   a0, listing
    call out_string
    li   a0, 0
    j    exit
.rodata
listing:
    .ascii "  sh          pipes a | b, > < >> 2>, &, ;, &&, ||, ( ), $NAME, *, quotes; cd exit export jobs fg bg wait\n"
    .ascii "  files       ls cat head grep wc cmp tee hexdump cp mv rm ln mkdir chmod chown\n"
    .ascii "  processes   ps top kill sleep stress nc\n"
    .ascii "  the system  date uptime free df mount sync id su shutdown\n"
    .ascii "  itself      cat /proc/selfcheck: the kernel looks at its own books\n"
    .asciz "Keys: arrows, Tab completes, Ctrl-C interrupts, Ctrl-Z stops, Ctrl-D ends, Ctrl-] leaves the machine.\n"
.text
