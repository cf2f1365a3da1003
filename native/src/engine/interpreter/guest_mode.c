/* Entering guest mode, running there, and leaving it with a record of why. */
#include <string.h>

#include "engine/engine.h"
#include "isa.h"

/* The part of the state that guest mode exchanges: all but x. */
enum { EXCHANGED_AT = offsetof(struct t64_state, pc), EXCHANGED_SIZE = sizeof(struct t64_state) - EXCHANGED_AT };

static void exchange(struct t64_state *to, const struct t64_state *from)
{
    memcpy((u8 *)to + EXCHANGED_AT, (const u8 *)from + EXCHANGED_AT, EXCHANGED_SIZE);
}

#define EXCEPTIONS (((u64)1 << 16) - 1) /* of the intercept mask, by cause */

/* What does not go to the guest's tvec: the exits' codes are apart from the causes. */
static u64 leaving_of(u64 intercepts)
{
    u64 bits = intercepts & EXCEPTIONS;
    if (intercepts & INTERCEPT_HCALL)
        bits |= INTERCEPT_ILLEGAL_INSTRUCTION; /* as which it comes */
    if (intercepts & INTERCEPT_SPIN)
        bits |= (u64)1 << GUEST_EXIT_SPIN;
    if (intercepts & INTERCEPT_INTERRUPT)
        bits |= (u64)1 << GUEST_EXIT_INTERRUPT;
    return bits | (u64)1 << GUEST_EXIT_INSTRUCTION | (u64)1 << GUEST_EXIT_NESTED_FAULT;
}

u64 guest_intercept_of(u8 insn)
{
    static const u8 bits[INSN_COUNT] = {T64_INTERCEPT_BITS};
    return (u64)1 << bits[insn];
}

/* What is intercepted, or may be; and probe, which has two dimensions to walk. */
static u64 guarded_by(u64 intercepts)
{
    u64 guarded = GUARD_OF(INSN_PROBE);
    for (u8 insn = INSN_CRR; insn <= INSN_PROBE; insn++)
        if (guest_intercept_of(insn) & intercepts)
            guarded |= GUARD_OF(insn);
    return intercepts & INTERCEPT_PTBR_WRITE ? guarded | GUARD_OF(INSN_CRW) | GUARD_OF(INSN_CRX) : guarded;
}

/* Masks seldom change. */
static void take_intercepts(struct t64_cpu *cpu, u64 intercepts)
{
    if (cpu->intercepts != intercepts) {
        cpu->intercepts = intercepts;
        cpu->guarded_in_guest = guarded_by(intercepts);
    }
    cpu->guarded = cpu->guarded_in_guest;
    cpu->guards_cr = intercepts & (INTERCEPT_CRR | INTERCEPT_CRW);
    cpu->leaving[0] = cpu->leaving[1] = leaving_of(intercepts);
}

static void take_tables(struct t64_cpu *cpu, const struct guest_area *area)
{
    if (memcmp(cpu->guest_tables, area->tables, sizeof area->tables) == 0)
        return;
    memcpy(cpu->guest_tables, area->tables, sizeof area->tables);
    cpu_flush(cpu);
}

static void enter(struct t64_cpu *cpu, struct guest_area *area)
{
    struct t64_vm *vm = cpu->vm;
    take_tables(cpu, area);
    exchange(&vm->state, area->state);
    vm->info = area->info;
    vm->lines = area->lines;
    cpu->guest = area;
    take_intercepts(cpu, area->intercepts | INTERCEPTS_ALWAYS);
}

/* The host's registers, but that its count goes on over what the guest has retired. */
static void leave(struct t64_cpu *cpu, const struct t64_state *host, u64 ran)
{
    struct t64_vm *vm = cpu->vm;
    exchange(cpu->guest->state, &vm->state);
    exchange(&vm->state, host);
    vm->state.retired += ran;
    vm->info = vm->lines = 0;
    cpu->guest = NULL;
    cpu->guarded = 0;
    cpu->guards_cr = false;
    cpu->leaving[0] = 0;
    cpu->leaving[1] = T64_NOWHERE;
}

static bool is_hcall(const struct t64_trap *trap)
{
    return trap->cause == CAUSE_ILLEGAL_INSTRUCTION && decode((u32)trap->tval).insn == INSN_HCALL;
}

/* The exit's code for what has left the engine; 0: it is the guest's after all. */
static u32 code_of_trap(const struct t64_cpu *cpu, const struct t64_trap *trap)
{
    u64 intercepts = cpu->guest->intercepts;
    if (trap->cause >> 63)
        return GUEST_EXIT_INTERRUPT;
    if (trap->cause >= 16)
        return (u32)trap->cause;
    if (intercepts & INTERCEPT_HCALL && is_hcall(trap) && !vm_in_user_mode(cpu->vm))
        return GUEST_EXIT_HCALL;
    return intercepts >> trap->cause & 1 ? (u32)trap->cause : 0;
}

static u32 shut_down(struct t64_cpu *cpu)
{
    cpu->guest->exit.fault = cpu->vm->stop;
    cpu->vm->halted = false;
    cpu->trap.tval = 0;
    return GUEST_EXIT_SHUTDOWN;
}

/* Give the guest's kernel this trap; 0, or a shutdown. */
static u32 deliver(struct t64_cpu *cpu, struct t64_trap trap)
{
    struct t64_vm *vm = cpu->vm;
    return system_enter_trap(vm, trap.cause, vm->state.pc, trap.tval) ? 0 : shut_down(cpu);
}

/* The code of the exit, or 0 at the limit. */
static u32 run(struct t64_cpu *cpu, u64 limit)
{
    u32 code = 0;
    while (!code) {
        int event = cpu_run(cpu, limit);
        if (event == T64_STOP_LIMIT)
            return 0;
        if (event == T64_STOP_FAULT)
            return shut_down(cpu);
        if (event == CPU_SPIN)
            return GUEST_EXIT_SPIN;
        code = code_of_trap(cpu, &cpu->trap);
        if (code == GUEST_EXIT_INTERRUPT)
            cpu->trap.tval = cpu->trap.cause;
        if (!code)
            code = deliver(cpu, cpu->trap);
    }
    return code;
}

/* Where the alarm comes before `until`, its count: by distance, for time may start again from 0 before it. */
static u64 limit_of(const struct guest_area *area, u64 until)
{
    const struct t64_state *state = area->state;
    u64 ticks = area->alarm.time - (state->retired + state->skipped);
    return area->alarm.comes && ticks < until - state->retired ? state->retired + ticks : until;
}

static u32 run_from_event(struct t64_cpu *cpu, struct guest_area *area, u64 until)
{
    u64 limit = limit_of(area, until);
    u32 code = area->has_event ? deliver(cpu, area->event) : 0;
    area->has_event = false;
    if (!code)
        code = run(cpu, limit);
    return code || limit == until ? code : GUEST_EXIT_ALARM;
}

int cpu_run_guest(struct t64_cpu *cpu, struct guest_area *area, u64 until)
{
    struct t64_state host;
    u64 before = area->state->retired;
    exchange(&host, &cpu->vm->state);
    enter(cpu, area);
    u32 code = run_from_event(cpu, area, until);
    leave(cpu, &host, cpu->vm->state.retired - before);
    if (!code)
        return T64_STOP_LIMIT;
    if (code == GUEST_EXIT_ALARM)
        cpu->trap.tval = 0;
    if (code != GUEST_EXIT_NESTED_FAULT)
        area->exit.gpa = T64_NOWHERE;
    cpu->trap.cause = area->exit.code = code;
    area->exit.tval = cpu->trap.tval;
    return CPU_TRAP;
}
