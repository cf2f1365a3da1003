# ctx VERB [NAME] ...: contexts, isolated systems on this kernel, as their administrator sees them.
#
# A context NAME is the directory /ctx/NAME: its files in root, what it is started with in conf, lines of KEY VALUE. Templates are
# trees of files in /ctx/templates. What is under way has a name that begins with a dot (drafts.inc).
#
# Nothing inside is trusted: who acts inside enters first, and no path that leads in is walked from here.

.include "os/user/lib/program.inc"
.include "os/user/lib/directory.inc"
.include "os/user/lib/wait.inc"
.include "os/user/lib/paths.inc"
.include "os/user/lib/processes.inc"
.include "os/user/lib/addresses.inc"
.include "os/user/ctx/places.inc"
.include "os/user/ctx/records.inc"
.include "os/user/ctx/whole.inc"
.include "os/user/ctx/conf.inc"
.include "os/user/ctx/settings.inc"
.include "os/user/ctx/values.inc"
.include "os/user/ctx/capabilities.inc"
.include "os/user/ctx/given.inc"
.include "os/user/ctx/trees.inc"
.include "os/user/ctx/copying.inc"
.include "os/user/ctx/measuring.inc"
.include "os/user/ctx/drafts.inc"
.include "os/user/ctx/template.inc"
.include "os/user/ctx/making.inc"
.include "os/user/ctx/entering.inc"
.include "os/user/ctx/init.inc"
.include "os/user/ctx/running.inc"
.include "os/user/ctx/list.inc"
.include "os/user/ctx/showing.inc"
.include "os/user/ctx/stats.inc"
.include "os/user/ctx/checkpoints.inc"

# verb_row NAME, FEWEST, MOST, "arguments", "what it does"   a verb, whose function is verb_NAME, called with a0 = the number of words
# behind it, a1 = where they are; it returns the exit status
.equ VERB_NAME,     0
.equ VERB_FUNCTION, 8
.equ VERB_FEWEST,   16
.equ VERB_MOST,     24
.equ VERB_WORDS,    32
.equ VERB_DOES,     40
.equ VERB_SIZE,     48
.equ ANY, 1 << 20
.macro verb_row name, fewest, most, words, does
    .pushsection .rodata
.Lverb_\@: .asciz "\name"
.Lwords_\@: .asciz "\words"
.Ldoes_\@: .asciz "\does"
    .popsection
    .dword .Lverb_\@, verb_\name, \fewest, \most, .Lwords_\@, .Ldoes_\@
.endm

.section .verbs, "a"
.balign 8
verbs:
    verb_row create,  1, ANY, "NAME [--template T] [--KEY VALUE...]", "a new context, stopped; T is a directory of /ctx/templates"
    verb_row start,   1, 1,   "NAME", "run its init"
    verb_row stop,    1, 2,   "NAME [--fast]", "ask its init to end, then end all; --fast: end all at once"
    verb_row restart, 1, 1,   "NAME", "stop and start"
    verb_row suspend, 1, 1,   "NAME", "hold every process where it is"
    verb_row resume,  1, 1,   "NAME", "let them go on"
    verb_row enter,   1, 1,   "NAME", "a shell inside"
    verb_row exec,    2, ANY, "NAME COMMAND [ARGUMENT...]", "run a command inside; one word with blanks is a line for its shell"
    verb_row list,    0, 0,   "", "all contexts; sizes are in KiB, shared ones of files that others have, too"
    verb_row stats,   0, 1,   "[NAME]", "what is used, and what may be"
    verb_row set,     3, ANY, "NAME --KEY VALUE... [--save]", "change what it has; --save: in its conf, too"
    verb_row show,    1, 1,   "NAME", "its state and conf"
    verb_row console, 1, 1,   "NAME", "what its console was told"
    verb_row clone,   2, 2,   "NAME NEW", "a copy of a stopped context"
    verb_row destroy, 1, 1,   "NAME", "remove a stopped context, with its files"
    verb_row checkpoint, 2, 3, "NAME FILE [--resume]", "its processes into a file, and stop it; --resume: let it run on"
    verb_row restore, 2, 2,   "NAME FILE", "go on from such a file in a stopped context"
    verb_row boot,    0, 0,   "", "clear away what was cut off; start what has onboot yes"
    verb_row help,    0, 1,   "[VERB]", "what the verbs do; of set, the keys, too"
verbs_end:
.text

# s0 = words, s1 = where they are, s2 = a verb
main:
    addi s0, a0, -1
    addi s1, a1, 8
    beqz s0, verbs_fail
    la   s2, verbs
1:  ld   a0, VERB_NAME(s2)
    ld   a1, 0(s1)
    call string_compare
    beqz a0, 2f
    addi s2, s2, VERB_SIZE
    la   t0, verbs_end
    bltu s2, t0, 1b
    ld   a0, 0(s1)
    la   a1, help_option
    call string_compare
    bnez a0, verbs_fail
    li   a0, 0
    j    verb_help
2:  sd   s2, verb, t0
    addi a0, s0, -1
    addi a1, s1, 8
    ld   t0, VERB_FEWEST(s2)
    bltu a0, t0, verb_usage
    ld   t0, VERB_MOST(s2)
    bgtu a0, t0, verb_usage
    ld   t0, VERB_FUNCTION(s2)
    jalr t0
    j    exit
.bss
.balign 8
verb: .zero 8                   # its row
.text

# Say how the verb is used, and end with status 2.
verb_usage:
    la   s0, usage_text
    ld   s1, verb
    mv   a0, s0
    la   a1, usage_words
    call string_copy
    ld   a1, VERB_NAME(s1)
    call string_copy
    ld   a1, VERB_WORDS(s1)
    lbu  t0, 0(a1)
    beqz t0, 1f
    la   a1, blank
    call string_copy
    ld   a1, VERB_WORDS(s1)
    call string_copy
1:  mv   a0, s0
    j    fail_usage

verbs_fail:
    usage "ctx VERB [NAME] ...; ctx help names the verbs"

# help [VERB]: a line each, and what it does; of those that take keys, what there is. s0 = a row, s1 = the verb, or 0
verb_help:
    li   s1, 0
    beqz a0, 1f
    ld   s1, 0(a1)
1:  la   s0, verbs
2:  beqz s1, 3f
    mv   a0, s1
    ld   a1, VERB_NAME(s0)
    call string_compare
    bnez a0, 4f
3:  out  "ctx "
    ld   a0, VERB_NAME(s0)
    call out_string
    ld   t0, VERB_WORDS(s0)
    lbu  t0, 0(t0)
    beqz t0, 31f
    out  " "
31: ld   a0, VERB_WORDS(s0)
    call out_string
    out  "\n        "
    ld   a0, VERB_DOES(s0)
    call out_string
    out  "\n"
    bnez s1, 5f
4:  addi s0, s0, VERB_SIZE
    la   t0, verbs_end
    bltu s0, t0, 2b
    li   a0, 0
    beqz s1, exit
    j    verbs_fail
5:  ld   t0, VERB_FUNCTION(s0)
    la   t1, verb_set
    bne  t0, t1, 6f
    call settings_tell
6:  li   a0, 0
    j    exit
.rodata
usage_words: .asciz "usage: ctx "
blank:       .asciz " "
help_option: .asciz "--help"
.bss
usage_text:  .zero 256
.text
