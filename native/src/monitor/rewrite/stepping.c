/* Stepping: a guest's code interpreted one instruction at a time, where it changes too often to be copied. */
#include "monitor/deprivileged/accesses.h"
#include "monitor/deprivileged/trap.h"
#include "monitor/hypercalls/hypercall.h"
#include "monitor/rewrite/rewriting.h"

#include <string.h>

/* The registers are the hardware's while a guest runs. An instruction of this kind cannot trap. */
static int step_on_engine(struct t64_guest *guest)
{
    struct t64_cpu *cpu = guest->host->stepper;
    struct t64_state *state = &guest->vm.state, *hardware = hardware_state(guest);
    cpu_flush(cpu); /* the instruction before may have moved the page */
    memcpy(state->x, hardware->x, sizeof state->x);
    int event = cpu_run(cpu, state->retired + 1);
    memcpy(hardware->x, state->x, sizeof state->x);
    return event == T64_STOP_FAULT ? event : OUTCOME_SETTLE; /* stuck */
}

static int step_jump(struct t64_guest *guest, struct t64_decoded in)
{
    u64 to = (hardware_state(guest)->x[in.rs1] + (u64)(i64)in.imm) & ~(u64)1;
    return to & 2 ? trap_raise(guest, CAUSE_FETCH_MISALIGNED, to) : step_on_engine(guest);
}

static int step_sensitive(struct t64_guest *guest, struct t64_decoded in)
{
    bool traps = vm_in_user_mode(&guest->vm) && system_insn_traps_in_user_mode(&guest->vm, in.insn);
    return traps ? trap_raise(guest, CAUSE_PRIVILEGED_INSTRUCTION, encode(in)) : trap_perform(guest, in);
}

static int step_hcall(struct t64_guest *guest, u32 word)
{
    if (!hypercalls_are_offered(guest) || !is_hypercall(guest, word))
        return trap_raise(guest, CAUSE_ILLEGAL_INSTRUCTION, word);
    guest->exit.trap.tval = word;
    return hypercall_serve(guest);
}

static int step(struct t64_guest *guest, u32 word)
{
    struct t64_decoded in = decode(word);
    if (access_size(in))
        return access_try(guest, in);
    if (class_of(in.insn) != CLASS_INNOCUOUS)
        return step_sensitive(guest, in);
    switch (in.insn) {
    case INSN_HCALL: return step_hcall(guest, word);
    case INSN_ILLEGAL: return trap_raise(guest, CAUSE_ILLEGAL_INSTRUCTION, word);
    case INSN_SYSCALL: return trap_raise(guest, CAUSE_SYSCALL, 0);
    case INSN_BREAK: return trap_raise(guest, CAUSE_BREAK, 0);
    case INSN_JALR: return step_jump(guest, in);
    default: return step_on_engine(guest);
    }
}

static bool is_stepped(struct t64_guest *guest, t64_gpa at)
{
    struct rewritten_page *code = &guest->rewriting->pages[at.at >> FRAME_SHIFT];
    u8 *state = &code->state[vm_in_user_mode(&guest->vm)];
    if (*state == REWRITTEN_STEPPED && !code->steps--) {
        code->steps = 0;
        *state = REWRITTEN_UNKNOWN;
    }
    return *state == REWRITTEN_STEPPED;
}

/* One instruction, if its page is one that is stepped; false if not. */
static bool step_one(struct t64_guest *guest, int *outcome)
{
    const struct t64_vm *vm = &guest->vm;
    u32 word;
    struct t64_walk found =
        walk(&vm->phys, vm->state.ptbr, (t64_gva){vm->state.pc}, ACCESS_FETCH, vm_in_user_mode(vm));
    if ((vm->state.pc & 3) || found.result != WALK_OK || !is_stepped(guest, found.gpa))
        return false;
    guest_mark(guest, &found, ACCESS_FETCH);
    guest_accessed(guest, (t64_gva){vm->state.pc}, ACCESS_FETCH);
    phys_read(&vm->phys, found.gpa, &word, sizeof word);
    *outcome = step(guest, word);
    guest->rewriting->counts.stepped++;
    return true;
}

int rewritten_step(struct t64_guest *guest)
{
    int outcome = OUTCOME_SETTLE;
    cpu_carry(guest->host->stepper, &guest->vm);
    while (outcome < 0 && guest->vm.state.retired < guest->until && !guest_has_to_settle(guest)) {
        trap_deliver_interrupt(guest);
        if (!step_one(guest, &outcome))
            break;
    }
    return outcome < 0 ? OUTCOME_SETTLE : outcome;
}
