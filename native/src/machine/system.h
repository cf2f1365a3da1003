/* The meaning of everything privileged and critical, on any computer's state: the machine's own, or a guest's vCPU.
 *
 * The interpreter and the monitors' one-instruction emulator both call it, so that it is written once. It touches
 * architectural state only; what follows for an engine's caches or a monitor's shadows comes back as the effect.
 */
#ifndef T64_SYSTEM_H
#define T64_SYSTEM_H

#include "isa/decode.h"
#include "machine/vm.h"

struct t64_outcome {
    int effect; /* enum t64_effect, or the stop that it is (enum t64_stop) */
    u64 cause, tval;
    t64_gva page;
};

static inline u64 vm_time(const struct t64_vm *vm) { return vm->state.retired + vm->state.skipped; }
static inline bool vm_in_user_mode(const struct t64_vm *vm) { return vm->state.status >> 8 & 1; }
static inline bool vm_interrupts_enabled(const struct t64_vm *vm) { return vm->state.status & 1; }

/* Execute one privileged or critical instruction, in kernel mode or where the level lets user mode, at state.pc, with registers x
 * (state.x, or where a monitor keeps the guest's). Advances pc, retired and fresh if it retires. */
struct t64_outcome system_execute(struct t64_vm *vm, u64 *x, u32 word);
struct t64_outcome system_execute_decoded(struct t64_vm *vm, u64 *x, struct t64_decoded in); /* the same, where it is decoded already */

/* One instruction at state.pc has retired, and the next one follows. */
static inline void system_retire(struct t64_vm *vm)
{
    vm->state.pc += 4;
    vm->state.retired++;
    vm->state.fresh = 0;
}

/* Kernel mode, interrupts off, at tvec: what a trap is but for double faults. */
static inline void system_take_trap(struct t64_vm *vm, u64 cause, u64 epc, u64 tval)
{
    struct t64_state *state = &vm->state;
    state->epc = epc;
    state->cause = cause;
    state->tval = tval;
    /* pie and pmode stand 16 bits above ie and mode */
    state->status = (state->status & (STATUS_IE | STATUS_MODE)) << 16;
    state->pc = state->tvec;
    state->fresh = 1;
}

/* eret, in kernel mode. */
static inline void system_return_from_trap(struct t64_vm *vm)
{
    struct t64_state *state = &vm->state;
    u64 previous = state->status & (STATUS_PIE | STATUS_PMODE);
    system_retire(vm);
    state->status = previous | previous >> 16;
    state->pc = state->epc;
}

/* Does this instruction, a privileged or critical one, raise the privileged trap in user mode at the vm's level? */
bool system_insn_traps_in_user_mode(const struct t64_vm *vm, u8 insn);

/* Where the state keeps this control register; 0: it is computed, constant, or does not exist. */
static inline u32 system_place_of(u32 number)
{
    static const u16 places[] = {
#define PLACE(name, NAME, ...) [CR_##NAME] = offsetof(struct t64_state, name),
        T64_STORED_REGISTERS(PLACE)
#undef PLACE
    };
    return number < sizeof places / sizeof *places ? places[number] : 0;
}

static inline u64 *system_register_at(struct t64_state *state, u32 place) { return (u64 *)(void *)((u8 *)state + place); }

bool system_read_cr(struct t64_vm *vm, u32 number, u64 *value); /* false: no such register */
bool system_write_cr(struct t64_vm *vm, u32 number, u64 value); /* false: illegal */

/* Enter the trap: epc, cause, tval, status, pc, fresh. False, and nothing changed but vm->stop, if it is a double fault. */
bool system_enter_trap(struct t64_vm *vm, u64 cause, u64 epc, u64 tval);

/* Stop for good: latch why. */
void system_fault(struct t64_vm *vm, u32 fault, u64 cause, u64 pc, u64 tval);
void system_power_off(struct t64_vm *vm); /* with the exit code that the devices hold */

/* The interrupt to take now, as a cause, or 0 if none (no interrupt's cause is 0: bit 63 is set). Advances devices. */
u64 system_interrupt(struct t64_vm *vm);
u64 system_let_in(struct t64_vm *vm);  /* the one that imask lets in, whether interrupts are on or not */
u64 system_pending(struct t64_vm *vm); /* ipend; advances devices */

/* The first time after now at which ipend & imask may gain a bit: what an engine must not run past without looking. */
struct t64_instant system_next_event(const struct t64_vm *vm);
/* The same, but what a wait looks out for: a timecmp of all ones ends none. */
struct t64_instant system_next_wake(const struct t64_vm *vm);

#endif
