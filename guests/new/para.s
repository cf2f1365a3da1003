# NAME: one source for both builds, and what a paravirtual guest can ask that no plain one can.
#
#   toyvm run NAME.s                      plain, on the bare machine
#   toyvm run NAME.s --technique para     assembled with PARAVIRT defined: it asks by hypercalls
#   toyvm lab NAME.s                      both timed as a whole, exits counted
#
# `toyvm isa hypercalls` is the manual of the interface.

.include "platform.inc"
.include "lib/print.inc"

.text
.globl _start
_start:
    platform_begin
    la   sp, stack_end
.ifdef PARAVIRT
    li   a0, 0
    hcall HC_VERSION            # a0 = major version << 16 | minor version; negative: an error
    require_done
    srli s0, a0, 16
    print "a monitor is there, with hypercalls of version "
    mv   a0, s0
    call print_number
    print "\n"
.else
    crr  a0, CR_INFO            # on bare hardware the same question is a control register's
    srli s0, a0, PAGE_SHIFT     # the low bits are not about memory
    print "I own the machine, with pages of memory: "
    mv   a0, s0
    call print_number
    print "\n"
.endif
    li   a0, 0
    power_off

.bss
.balign 16
stack: .zero 4096
stack_end:
