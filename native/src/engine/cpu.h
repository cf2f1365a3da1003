/* The CPU: an engine that executes T64 code on one computer's state and memory. */
#ifndef T64_CPU_H
#define T64_CPU_H

#include "machine/vm.h"

struct t64_cpu;

/* Why a run ended, where it is no stop (enum t64_stop). */
enum t64_event {
    CPU_USER = -1,   /* kernel only, in user mode: nothing of it has run */
    CPU_TRAP = -2,   /* hosted, in user mode: a trap for the monitor, in cpu_trap(); nothing of it has been entered into the state */
    CPU_SERVED = -3, /* the same, and the gate has seen to it already */
    CPU_SPIN = -4,   /* hosted, in user mode: a taken branch or jal to itself, not retired (as pause-loop exiting tells a VMM);
                      * cpu_trap() has the word in tval and cause 0 */
};

struct t64_trap {
    u64 cause; /* interrupts included */
    u64 tval;
    /* pc is in state.pc: of the trapping instruction, or of the next one for an interrupt */
};

/* Whom an engine serves. */
enum t64_cpu_use {
    CPU_BARE,        /* the computer itself */
    CPU_HOSTED,      /* a monitor on it: traps from user mode go to the caller instead of to tvec */
    CPU_KERNEL_ONLY, /* a monitor that interprets: it stops where a guest enters user mode */
};

/* An engine for this computer. NULL without memory. */
struct t64_cpu *cpu_new(struct t64_vm *vm, enum t64_cpu_use use);
/* Another one on the same RAM, for guests there: it carries one at a time. Freed before `first`. */
struct t64_cpu *cpu_new_beside(struct t64_cpu *first, enum t64_cpu_use use);
void cpu_carry(struct t64_cpu *cpu, struct t64_vm *vm);
void cpu_free(struct t64_cpu *cpu);

/* A monitor's gate: serves a trap where it came up, with the state complete. True: the guest goes on at state.pc in the same mode,
 * after at most one instruction that was emulated, which the gate takes off the run's `until`. False: the run ends with CPU_SERVED. */
typedef bool t64_gate(void *monitor, const struct t64_trap *trap, u64 *until);
/* Serve traps from user mode so from now on; NULL: the run ends for each. */
void cpu_set_gate(struct t64_cpu *cpu, t64_gate *gate, void *monitor);

/* Run on vm->state, which is complete again on return. `until` counts vm->state.retired. A pending interrupt is taken before
 * the first instruction, unless the limit is reached already. An event or a stop. */
int cpu_run(struct t64_cpu *cpu, u64 until);
const struct t64_trap *cpu_trap(const struct t64_cpu *cpu);

/* Recompile what runs often on this engine and those that share its RAM. NULL without memory. */
t64_recompiler *cpu_recompile(struct t64_cpu *cpu, const t64_recompiler_config *config);

void cpu_flush(struct t64_cpu *cpu);                    /* forget all translations: as a write to ptbr */
void cpu_flush_page(struct t64_cpu *cpu, t64_gva page); /* as tlbi */
u64 cpu_flushes(const struct t64_cpu *cpu);              /* how often either was done, by instructions of its own too */
/* These bytes of the machine's RAM were changed by somebody else than this engine: drop what was decoded from them. */
void cpu_memory_changed(struct t64_cpu *cpu, t64_hpa hpa, u64 size);

#endif
