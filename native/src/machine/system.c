/* Privileged and critical instructions, traps, interrupts and time, on any computer's state. */
#include "machine/system.h"
#include "isa/decode.h"

#define INTERRUPT ((u64)1 << 63)
#define TIMECMP_NEVER (~(u64)0) /* ends no wait, though the timer is pending at that very time */

static struct t64_outcome illegal(struct t64_decoded in)
{
    return (struct t64_outcome){.effect = T64_EFFECT_TRAP, .cause = CAUSE_ILLEGAL_INSTRUCTION, .tval = encode(in)};
}

static struct t64_outcome only(int effect) { return (struct t64_outcome){.effect = effect}; }

static struct t64_outcome retire(struct t64_vm *vm, int effect)
{
    system_retire(vm);
    return only(effect);
}

static void set_register(u64 *x, u32 rd, u64 value)
{
    if (rd)
        x[rd] = value;
}

/* ---- control registers ---- */

bool system_read_cr(struct t64_vm *vm, u32 number, u64 *value)
{
    u32 place = system_place_of(number);
    if (place) {
        *value = *system_register_at(&vm->state, place);
        return true;
    }
    switch (number) {
    case CR_TIME: *value = vm_time(vm); return true;
    case CR_IPEND: *value = system_pending(vm); return true;
    case CR_INFO: *value = vm->info; return true;
    default: return false;
    }
}

/* The bits that a write may set; 0: no such register, or read-only. */
static u64 writable_bits(u32 number)
{
    static const u64 bits[] = {
#define BITS(name, NAME, writable, ...) [CR_##NAME] = writable,
        T64_STORED_REGISTERS(BITS)
#undef BITS
    };
    return number < sizeof bits / sizeof *bits ? bits[number] : 0;
}

bool system_write_cr(struct t64_vm *vm, u32 number, u64 value)
{
    u64 writable = writable_bits(number);
    if (!writable || value & ~writable)
        return false;
    if (number == CR_STATUS) /* the mode is not its writer's to change */
        value |= vm->state.status & STATUS_MODE;
    *system_register_at(&vm->state, system_place_of(number)) = value;
    if (number == CR_PTBR)
        modelled_flush(vm->modelled_tlb);
    return true;
}

/* What a write of this register, a stored one, means for those who cache its consequences. */
static enum t64_effect effect_of_write(const struct t64_vm *vm, u32 number)
{
    static const u8 concerns[] = {
#define CONCERN(name, NAME, writable, reset, concern) [CR_##NAME] = concern,
        T64_STORED_REGISTERS(CONCERN)
#undef CONCERN
    };
    switch ((enum t64_concern)concerns[number]) {
    case CONCERNS_READERS: return T64_EFFECT_NEXT;
    case CONCERNS_INTERRUPTS: return vm_interrupts_enabled(vm) ? T64_EFFECT_JUMP : T64_EFFECT_NEXT;
    case CONCERNS_TRANSLATIONS: return T64_EFFECT_FLUSH;
    case CONCERNS_MODE: return T64_EFFECT_JUMP;
    }
    __builtin_unreachable();
}

/* ---- traps and interrupts ---- */

void system_fault(struct t64_vm *vm, u32 fault, u64 cause, u64 pc, u64 tval)
{
    vm->stop = (struct t64_stop_info){.fault = fault, .cause = cause, .pc = pc, .tval = tval};
    vm->halted = true;
    vm->halted_as = T64_STOP_FAULT;
}

bool system_enter_trap(struct t64_vm *vm, u64 cause, u64 epc, u64 tval)
{
    if (vm->state.fresh && !(cause & INTERRUPT)) {
        system_fault(vm, T64_FAULT_DOUBLE, cause, epc, tval);
        return false;
    }
    system_take_trap(vm, cause, epc, tval);
    return true;
}

static struct t64_outcome return_from_trap(struct t64_vm *vm)
{
    system_return_from_trap(vm);
    return only(T64_EFFECT_JUMP);
}

static u64 timer_pending(const struct t64_vm *vm) { return vm_time(vm) >= vm->state.timecmp ? IPEND_TIMER : 0; }

u64 system_pending(struct t64_vm *vm)
{
    devices_advance(&vm->devices, vm_time(vm));
    return devices_pending(&vm->devices) | vm->lines | timer_pending(vm);
}

u64 system_interrupt(struct t64_vm *vm)
{
    if (!vm_interrupts_enabled(vm) || !vm->state.imask)
        return 0;
    return system_let_in(vm);
}

u64 system_let_in(struct t64_vm *vm)
{
    bool timer_alone = vm->state.imask == IPEND_TIMER; /* as on every host: no device need be looked at */
    u64 pending = timer_alone ? timer_pending(vm) : system_pending(vm) & vm->state.imask;
    return pending ? INTERRUPT | (u64)__builtin_ctzll(pending) : 0;
}

static struct t64_instant next_of_devices(const struct t64_vm *vm)
{
    bool awaited = (vm->state.imask & ~IPEND_TIMER) && (vm->state.imask & devices_next_bits(&vm->devices));
    return awaited ? devices_next(&vm->devices, vm_time(vm)) : T64_NEVER;
}

struct t64_instant system_next_event(const struct t64_vm *vm)
{
    bool timed = (vm->state.imask & IPEND_TIMER) && vm->state.timecmp > vm_time(vm);
    return instant_nearer(timed ? instant_at(vm->state.timecmp) : T64_NEVER, next_of_devices(vm), vm_time(vm));
}

struct t64_instant system_next_wake(const struct t64_vm *vm)
{
    return vm->state.timecmp == TIMECMP_NEVER ? next_of_devices(vm) : system_next_event(vm);
}

/* ---- instructions ---- */

static struct t64_outcome wait_for_interrupt(struct t64_vm *vm)
{
    struct t64_state *state = &vm->state;
    state->retired++; /* time as it is once this has retired; taken back if it has to wait */
    bool wakes = system_pending(vm) & state->imask;
    struct t64_instant next = system_next_wake(vm);
    state->retired--;
    if (wakes)
        return retire(vm, T64_EFFECT_JUMP);
    const struct t64_console *console = &vm->devices.console;
    if (console->live && !console->ended && !vm->skip_allowed)
        return only(T64_STOP_WAIT);
    vm->skip_allowed = false;
    struct t64_outcome outcome = retire(vm, next.comes ? T64_EFFECT_JUMP : T64_STOP_IDLE);
    if (next.comes) {
        state->skipped += next.time - vm_time(vm);
        vm->yielded = vm->yields;
        devices_advance(&vm->devices, next.time);
    }
    return outcome;
}

static struct t64_outcome read_port(struct t64_vm *vm, u64 *x, struct t64_decoded in)
{
    u64 value = 0;
    int came = port_in(&vm->devices, vm_time(vm), in.imm, &value);
    if (came != PORT_DONE)
        return came == PORT_ILLEGAL ? illegal(in) : only(came);
    set_register(x, in.rd, value);
    return retire(vm, T64_EFFECT_NEXT);
}

static struct t64_outcome write_port(struct t64_vm *vm, const u64 *x, struct t64_decoded in)
{
    int came = port_out(&vm->devices, vm_time(vm) + 1, in.imm, x[in.rs1]);
    if (came == PORT_DONE)
        return retire(vm, vm_interrupts_enabled(vm) ? T64_EFFECT_JUMP : T64_EFFECT_NEXT);
    if (came != T64_STOP_EXIT)
        return came == PORT_ILLEGAL ? illegal(in) : only(came);
    struct t64_outcome outcome = retire(vm, came);
    system_power_off(vm);
    return outcome;
}

void system_power_off(struct t64_vm *vm)
{
    vm->stop = (struct t64_stop_info){.exit_code = vm->devices.exit_code};
    vm->halted = true;
    vm->halted_as = T64_STOP_EXIT;
}

static struct t64_outcome read_cr(struct t64_vm *vm, u64 *x, struct t64_decoded in)
{
    u64 value;
    if (!system_read_cr(vm, (u32)in.imm, &value))
        return illegal(in);
    set_register(x, in.rd, value);
    return retire(vm, T64_EFFECT_NEXT);
}

static struct t64_outcome write_cr(struct t64_vm *vm, const u64 *x, struct t64_decoded in)
{
    if (!system_write_cr(vm, (u32)in.imm, x[in.rs1]))
        return illegal(in);
    return retire(vm, effect_of_write(vm, (u32)in.imm));
}

static struct t64_outcome exchange_cr(struct t64_vm *vm, u64 *x, struct t64_decoded in)
{
    u64 old;
    if (!system_read_cr(vm, (u32)in.imm, &old) || !system_write_cr(vm, (u32)in.imm, x[in.rs1]))
        return illegal(in);
    set_register(x, in.rd, old);
    return retire(vm, effect_of_write(vm, (u32)in.imm));
}

static struct t64_outcome invalidate(struct t64_vm *vm, const u64 *x, struct t64_decoded in)
{
    t64_gva page = {x[in.rs1] & ~(u64)4095};
    system_retire(vm);
    if (in.rs1)
        modelled_flush_page(vm->modelled_tlb, page);
    else
        modelled_flush(vm->modelled_tlb);
    return (struct t64_outcome){.effect = in.rs1 ? T64_EFFECT_FLUSH_PAGE : T64_EFFECT_FLUSH, .page = page};
}

static struct t64_outcome set_status(struct t64_vm *vm, const u64 *x, struct t64_decoded in)
{
    if (vm_in_user_mode(vm)) /* classic and hybrid level: dropped */
        return retire(vm, T64_EFFECT_NEXT);
    vm->state.status = (vm->state.status & ~STATUS_IE) | (x[in.rs1] & STATUS_IE);
    return retire(vm, T64_EFFECT_JUMP);
}

static struct t64_outcome get(struct t64_vm *vm, u64 *x, u32 rd, u64 value)
{
    set_register(x, rd, value);
    return retire(vm, T64_EFFECT_NEXT);
}

static u64 probe(const struct t64_vm *vm, t64_gva gva, u64 rights)
{
    if (rights >> 3)
        return T64_NOWHERE;
    struct t64_walk found = walk(&vm->phys, vm->state.ptbr, gva, (u32)rights << 1, vm_in_user_mode(vm));
    return found.result == WALK_OK ? found.gpa.at : T64_NOWHERE;
}

struct t64_outcome system_execute_decoded(struct t64_vm *vm, u64 *x, struct t64_decoded in)
{
    switch (in.insn) {
    case INSN_CRR: return read_cr(vm, x, in);
    case INSN_CRW: return write_cr(vm, x, in);
    case INSN_CRX: return exchange_cr(vm, x, in);
    case INSN_ERET: return return_from_trap(vm);
    case INSN_WFI: return wait_for_interrupt(vm);
    case INSN_TLBI: return invalidate(vm, x, in);
    case INSN_IN: return read_port(vm, x, in);
    case INSN_OUT: return write_port(vm, x, in);
    case INSN_GETST: return get(vm, x, in.rd, vm->state.status);
    case INSN_SETST: return set_status(vm, x, in);
    case INSN_GETVEC: return get(vm, x, in.rd, vm->state.tvec);
    case INSN_GETPT: return get(vm, x, in.rd, vm->state.ptbr);
    case INSN_PROBE: return get(vm, x, in.rd, probe(vm, (t64_gva){x[in.rs1]}, x[in.rs2]));
    default: return illegal(in);
    }
}

struct t64_outcome system_execute(struct t64_vm *vm, u64 *x, u32 word) { return system_execute_decoded(vm, x, decode(word)); }

bool system_insn_traps_in_user_mode(const struct t64_vm *vm, u8 insn)
{
    if (class_of(insn) == CLASS_PRIVILEGED)
        return true;
    if (vm->level == LEVEL_CLASSIC)
        return false;
    return vm->level != LEVEL_HYBRID || insn != INSN_SETST;
}
