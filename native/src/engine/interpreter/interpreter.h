/* The interpreter: its dispatch loop, and what that does rarely. */
#ifndef T64_INTERPRETER_H
#define T64_INTERPRETER_H

#include "engine/engine.h"

/* Why the dispatch loop handed back; state is complete. */
enum leave {
    LEAVE_NEXT, /* of execute_*: do not leave, go on behind the instruction */
    LEAVE_LOOK, /* look at everything anew: budget, interrupts, translation of pc */
    LEAVE_TRAP, /* cpu->trap is to be raised at state.pc */
    LEAVE_SERVED, /* hosted: the gate has seen to it, and wants the CPU */
    LEAVE_USER, /* kernel only: user mode was entered */
    LEAVE_SPIN, /* hosted: a jump to itself */
    LEAVE_STOP, /* and the stop (enum t64_stop) added */
    LEAVE_FAULT = LEAVE_STOP + T64_STOP_FAULT,
};

/* Run from state.pc, whose page is `page`, until `left` instructions have retired or something is to be looked at. The fast
 * build may only be called with `left` reaching to the page's end; it hands back before that changes. Without a page it only
 * sets cpu->handlers: no other function can name its labels. */
enum leave interpret_fast(struct t64_cpu *cpu, struct code_page *page, u64 left);
enum leave interpret_exact(struct t64_cpu *cpu, struct code_page *page, u64 left);
enum leave interpret_watched(struct t64_cpu *cpu, struct code_page *page, u64 left);

/* What the dispatch loop does rarely: state is complete before and after. On LEAVE_NEXT a system instruction has been counted,
 * and a jump to itself that is not taken has not. */
enum leave execute_system(struct t64_cpu *cpu, struct t64_decoded in);
enum leave execute_spin(struct t64_cpu *cpu, u32 word, u64 left);

#endif
