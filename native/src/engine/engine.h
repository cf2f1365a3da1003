/* The engine's own parts, shared by the files that make it up. */
#ifndef T64_ENGINE_H
#define T64_ENGINE_H

#include "engine/code/code.h"
#include "engine/cpu.h"
#include "engine/guest_mode.h"
#include "engine/nested_walk.h"
#include "engine/tlb.h"
#include "machine/system.h"

struct t64_cpu {
    struct t64_vm *vm;
    enum t64_cpu_use use;
    const void *const *handlers; /* of the fast build, by kind */
    struct code_cache *code;
    struct code_cache own_code; /* of the first engine on this RAM; the others share it */
    u64 until;           /* of the run under way, in instructions */
    t64_gate *gate;      /* hosted: serves traps from user mode, or NULL */
    void *monitor;       /* its argument */
    struct t64_trap trap; /* for the monitor, or on its way to tvec */
    u64 looks;            /* at limits, interrupts and the page of pc, while there is a recompiler */
    u64 flushes;          /* so often translations were forgotten */
    u64 leaving[2];       /* by mode: exceptions, by cause, and guest mode's exits, by code, that are not for tvec to see */
    struct guest_area *guest;   /* in guest mode: its area; else NULL */
    t64_hpa guest_tables[2];    /* of the last guest */
    u64 intercepts, guarded_in_guest; /* its mask, 0 before there was one; and what that guards */
    u64 guarded;                /* in guest mode: what does not simply execute, a bit for each instruction, by GUARD_OF */
    bool guards_cr;             /* crr or crw among them, whatever the register */
    struct nested_cache nested;
    struct tlbs tlbs;
};

/* System instructions are fewer than 64 and numbered in a row. */
#define GUARD_OF(insn) ((u64)1 << ((insn) & 63))

/* Forget translations as an instruction does it: in guest mode, where the guest-physical ones stay. */
static inline void forget_translations(struct t64_cpu *cpu)
{
    cpu->flushes++;
    tlb_flush(&cpu->tlbs);
}

/* The bit of the intercept mask for a system instruction. */
u64 guest_intercept_of(u8 insn);

/* Does this leave to the monitor, in the current mode? */
static inline bool leaves(const struct t64_cpu *cpu, bool user, u64 cause) { return cpu->leaving[user] >> (cause & 63) & 1; }

/* The longest stretch without a look, so that a budget in entries cannot overflow a pointer, and what was recompiled meanwhile
 * need not wait long. */
#define STRETCH ((u64)1 << 32)
#define STRETCH_RECOMPILED ((u64)1 << 16)

/* With complete state: how many instructions may retire before something is to be looked at again. */
static inline u64 budget(const struct t64_cpu *cpu)
{
    const struct t64_vm *vm = cpu->vm;
    u64 left = cpu->until - vm->state.retired;
    if (vm_interrupts_enabled(vm)) {
        struct t64_instant next = system_next_event(vm);
        u64 ticks = next.time - vm_time(vm);
        ticks += !ticks; /* what is due already is not for an interrupt to tell */
        left = next.comes && ticks < left ? ticks : left;
    }
    u64 stretch = cpu->code->recompiler ? STRETCH_RECOMPILED : STRETCH;
    return left < stretch ? left : stretch;
}

/* As system_interrupt, without a call where the answer is at hand. */
static inline u64 find_interrupt(struct t64_vm *vm)
{
    if (!vm_interrupts_enabled(vm) || !vm->state.imask)
        return 0;
    if (vm->state.imask == IPEND_TIMER)
        return vm_time(vm) >= vm->state.timecmp ? CAUSE_TIMER : 0;
    return system_interrupt(vm);
}

#endif
