/* What the dispatch loop does rarely: system instructions, and jumps to themselves. */
#include "engine/interpreter/interpreter.h"
#include "isa/decode.h"

static bool is_intercepted(const struct guest_area *area, struct t64_decoded in)
{
    bool writes_ptbr = (in.insn == INSN_CRW || in.insn == INSN_CRX) && in.imm == CR_PTBR;
    u64 bits = guest_intercept_of(in.insn) | (writes_ptbr ? INTERCEPT_PTBR_WRITE : 0);
    return bits & (area->intercepts | INTERCEPTS_ALWAYS);
}

/* What guest mode guards. LEAVE_LOOK: it executes as anywhere else. */
static enum leave execute_guarded(struct t64_cpu *cpu, struct t64_decoded in)
{
    struct t64_state *state = &cpu->vm->state;
    u64 gpa;
    bool is_free = !is_intercepted(cpu->guest, in);
    if (is_free && in.insn != INSN_PROBE)
        return LEAVE_LOOK;
    if (!is_free || !guest_probe(cpu, (t64_gva){state->x[in.rs1]}, state->x[in.rs2], &gpa)) {
        cpu->trap = (struct t64_trap){GUEST_EXIT_INSTRUCTION, encode(in)};
        return LEAVE_TRAP;
    }
    state->x[in.rd ? in.rd : REGISTER_SINK] = gpa;
    system_retire(cpu->vm);
    return LEAVE_NEXT;
}

enum leave execute_system(struct t64_cpu *cpu, struct t64_decoded in)
{
    struct t64_vm *vm = cpu->vm;
    if (vm_in_user_mode(vm) && system_insn_traps_in_user_mode(vm, in.insn)) {
        cpu->trap = (struct t64_trap){CAUSE_PRIVILEGED_INSTRUCTION, encode(in)};
        return LEAVE_TRAP;
    }
    if (T64_UNLIKELY(cpu->guarded & GUARD_OF(in.insn))) {
        enum leave why = execute_guarded(cpu, in);
        if (why != LEAVE_LOOK)
            return why;
    }
    struct t64_outcome outcome = system_execute_decoded(vm, vm->state.x, in);
    switch (outcome.effect) {
    case T64_EFFECT_NEXT: return LEAVE_NEXT;
    case T64_EFFECT_JUMP: return LEAVE_LOOK;
    case T64_EFFECT_FLUSH: forget_translations(cpu); return LEAVE_LOOK;
    case T64_EFFECT_FLUSH_PAGE: cpu_flush_page(cpu, outcome.page); return LEAVE_LOOK;
    case T64_EFFECT_TRAP: cpu->trap = (struct t64_trap){outcome.cause, outcome.tval}; return LEAVE_TRAP;
    default: return (enum leave)(LEAVE_STOP + outcome.effect);
    }
}

static bool is_taken(struct t64_decoded in, const u64 *x)
{
    u64 V = x[in.rd], A = x[in.rs1];
    switch (in.insn) {
#define BRANCH(name, claim) case INSN_OF(name): return claim;
#include "engine/interpreter/handlers.h"
    default: return true; /* jal */
    }
}

enum leave execute_spin(struct t64_cpu *cpu, u32 word, u64 left)
{
    struct t64_vm *vm = cpu->vm;
    struct t64_decoded in = decode(word);
    if (!is_taken(in, vm->state.x))
        return LEAVE_NEXT;
    if (leaves(cpu, vm_in_user_mode(vm), GUEST_EXIT_SPIN)) {
        cpu->trap = (struct t64_trap){0, word};
        return LEAVE_SPIN;
    }
    if (!vm_interrupts_enabled(vm)) {
        system_fault(vm, T64_FAULT_STUCK, 0, vm->state.pc, 0);
        return LEAVE_FAULT;
    }
    if (in.insn == INSN_JAL && in.rd)
        vm->state.x[in.rd] = vm->state.pc + 4;
    vm->state.retired += left; /* nothing can change before then */
    vm->state.fresh = 0;
    return LEAVE_LOOK;
}
