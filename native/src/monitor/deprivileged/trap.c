/* The technique `trap`: the guest's kernel runs in user mode, and each privileged instruction traps and is emulated.
 *
 * Popek and Goldberg's virtual machine monitor (CACM 17(7), 1974): its dispatcher, a row an exit reason, is in trap_exits.c; its
 * allocator is here, the settling of mode, root and timer before the guest goes on; its interpreter is system_execute.
 */
#include "monitor/deprivileged/trap.h"

#include "monitor/rings/rings.h"

/* Life. */

bool trap_open(struct t64_guest *guest)
{
    bool cached = !(guest->vm.options & T64_OPTION_FLUSH);
    return shadow_open(&guest->shadow, guest->host, &guest->vm, cached);
}

void trap_close(struct t64_guest *guest) { shadow_close(&guest->shadow); }

void trap_nothing(struct t64_guest *guest) { (void)guest; }

void trap_state_changed(struct t64_guest *guest) { shadow_forget(&guest->shadow); }

void trap_memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size)
{
    (void)size;
    shadow_memory_changed(&guest->shadow, (u32)(gpa.at >> FRAME_SHIFT));
}

int trap_boot(struct t64_guest *guest, u64 entry)
{
    guest->vm.state.pc = entry;
    shadow_forget(&guest->shadow);
    return T64_OK;
}

u32 trap_root(struct t64_guest *guest, u32 mode) { return shadow_known_root(&guest->shadow, mode); }

/* With interrupts off nothing can come in: the guest need not be interrupted before they are on again, unless its rings
 * in memory are to move. */
struct t64_instant trap_next_interrupt(struct t64_guest *guest)
{
    bool let_in = vm_interrupts_enabled(&guest->vm);
    return rings_next(guest, let_in ? system_next_event(&guest->vm) : T64_NEVER);
}

int trap_set_hardware(struct t64_guest *guest, struct t64_instant alarm)
{
    hardware_state(guest)->pc = guest->vm.state.pc;
    host_use_root(guest->host, shadow_root(&guest->shadow, trap_mode(guest)));
    guest_set_alarm(guest, alarm);
    return OUTCOME_RESUME;
}

void trap_deliver_interrupt(struct t64_guest *guest)
{
    struct t64_vm *vm = &guest->vm;
    u64 cause = vm_interrupts_enabled(vm) ? system_interrupt(vm) : 0;
    if (cause)
        system_enter_trap(vm, cause, vm->state.pc, 0);
}

int trap_go_on(struct t64_guest *guest) { return trap_set_hardware(guest, trap_next_interrupt(guest)); }

int trap_settle(struct t64_guest *guest)
{
    trap_deliver_interrupt(guest);
    return trap_go_on(guest);
}

int trap_resume(struct t64_guest *guest)
{
    bool is_due = system_interrupt(&guest->vm);
    return trap_set_hardware(guest, is_due ? instant_at(vm_time(&guest->vm)) : trap_next_interrupt(guest));
}

/* Where there was no room for a table, or the root itself was stored to, the root is not in use any more. */
int trap_back(struct t64_guest *guest)
{
    return host_uses_root(guest->host, trap_root(guest, trap_mode(guest))) ? OUTCOME_RESUME : OUTCOME_SETTLE;
}

/* What handlers do. */

int trap_raise(struct t64_guest *guest, u64 cause, u64 tval)
{
    struct t64_vm *vm = &guest->vm;
    return system_enter_trap(vm, cause, vm->state.pc, tval) ? OUTCOME_SETTLE : T64_STOP_FAULT;
}

int trap_reflect(struct t64_guest *guest) { return trap_raise(guest, guest->exit.raises, guest->exit.trap.tval); }

int trap_perform(struct t64_guest *guest, struct t64_decoded in)
{
    struct t64_outcome outcome = system_execute_decoded(&guest->vm, hardware_state(guest)->x, in);
    switch (outcome.effect) {
    case T64_EFFECT_NEXT:
        guest_retired_one(guest);
        break;
    case T64_EFFECT_FLUSH_PAGE:
        guest_retired_one(guest);
        shadow_flush_page(&guest->shadow, outcome.page);
        break;
    case T64_EFFECT_FLUSH:
        shadow_flush(&guest->shadow);
        break;
    case T64_EFFECT_TRAP:
        return trap_raise(guest, outcome.cause, outcome.tval);
    default:
        break;
    }
    return guest_outcome_of_effect(outcome.effect);
}

int trap_emulate(struct t64_guest *guest) { return trap_perform(guest, decode((u32)guest->exit.trap.tval)); }

/* The hardware's timer ran out: settling delivers what is due. */
int trap_let_settle(struct t64_guest *guest)
{
    (void)guest;
    return OUTCOME_SETTLE;
}

int trap_spin(struct t64_guest *guest)
{
    if (!vm_interrupts_enabled(&guest->vm))
        return guest_fault(guest, T64_FAULT_STUCK, 0, 0);
    guest_spin(guest, trap_next_interrupt(guest));
    return OUTCOME_SETTLE;
}
