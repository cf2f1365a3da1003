/* The CPU: an engine that executes T64 code on one computer's state and memory. */
#ifndef T64_CPU_H
#define T64_CPU_H

#include "vm.h"

struct t64_cpu;

enum t64_event {
    CPU_LIMIT, /* `until` instructions have retired */
    CPU_OFF, CPU_IDLE, CPU_FULL, CPU_NEED_INPUT, CPU_WAIT, /* as the effects of system.h */
    CPU_FAULT, /* double fault or stuck; vm->stop says which */
    CPU_TRAP,  /* hosted, in user mode: a trap for the monitor, in cpu_trap(); nothing of it has been entered into the state */
    CPU_SPIN,  /* hosted, in user mode: a taken branch or jal to itself, not retired (as pause-loop exiting tells a VMM); cpu_trap()
               * has the word in tval and cause 0 */
};

struct t64_trap {
    u64 cause; /* interrupts included */
    u64 tval;
    /* pc is in state.pc: of the trapping instruction, or of the next one for an interrupt */
};

/* An engine for this computer. `hosted`: traps from user mode go to the caller, the monitor, instead of to tvec.
 * NULL without memory. */
struct t64_cpu *cpu_new(struct t64_vm *vm, bool hosted);
void cpu_free(struct t64_cpu *cpu);

/* Run on vm->state, which is complete again on return. `until` counts vm->state.retired. A pending interrupt is taken before
 * the first instruction, unless the limit is reached already. */
enum t64_event cpu_run(struct t64_cpu *cpu, u64 until);
const struct t64_trap *cpu_trap(const struct t64_cpu *cpu);

void cpu_flush(struct t64_cpu *cpu);                    /* forget all translations: as a write to ptbr */
void cpu_flush_page(struct t64_cpu *cpu, t64_gva page); /* as tlbi */
/* These bytes of the machine's RAM were changed by somebody else than this engine: drop what was decoded from them. */
void cpu_memory_changed(struct t64_cpu *cpu, t64_hpa hpa, u64 size);

#endif
