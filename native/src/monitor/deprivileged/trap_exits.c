/* Exits under `trap`: its dispatcher, a row an exit reason. */
#include "monitor/deprivileged/trap.h"
#include "monitor/hypercalls/hypercall.h"

/* Handlers, by reason. */

int (*const trap_handlers[EXIT_COUNT])(struct t64_guest *guest) = {
    [EXIT_CRR] = trap_emulate, [EXIT_CRW] = trap_emulate, [EXIT_CRX] = trap_emulate, [EXIT_ERET] = trap_emulate,
    [EXIT_WFI] = trap_emulate, [EXIT_TLBI] = trap_emulate, [EXIT_IN] = trap_emulate, [EXIT_OUT] = trap_emulate,
    [EXIT_GETST] = trap_emulate, [EXIT_SETST] = trap_emulate, [EXIT_GETVEC] = trap_emulate, [EXIT_GETPT] = trap_emulate,
    [EXIT_PROBE] = trap_emulate,
    [EXIT_SYSCALL] = trap_reflect,
    [EXIT_EXCEPTION] = trap_reflect,
    [EXIT_GUEST_PAGE_FAULT] = trap_reflect,
    [EXIT_SHADOW_PAGE_FAULT] = trap_fill_shadow,
    [EXIT_TRACE] = trap_make_store,
    [EXIT_TIMER] = trap_let_settle,
    [EXIT_SPIN] = trap_spin,
    [EXIT_HYPERCALL] = hypercall_serve,
};

/* Reasons, by the hardware's cause. */

static u32 privileged_reason(struct t64_guest *guest)
{
    return vm_in_user_mode(&guest->vm) ? EXIT_EXCEPTION : guest_sensitive_reason((u32)guest->exit.trap.tval);
}

u32 trap_illegal_reason(struct t64_guest *guest)
{
    bool asks = hypercalls_are_offered(guest) && is_hypercall(guest, (u32)guest->exit.trap.tval);
    return asks ? EXIT_HYPERCALL : EXIT_EXCEPTION;
}

u32 (*const trap_reasons[])(struct t64_guest *guest) = GUEST_REASONS(trap_page_fault_reason, trap_illegal_reason, privileged_reason);

static bool open_offering(struct t64_guest *guest)
{
    guest->vm.info |= hypercalls_are_offered(guest) ? INFO_HYPERCALLS : 0;
    return trap_open(guest);
}

const struct technique technique_trap = {
    .open = open_offering,
    .close = trap_close,
    .boot = trap_boot,
    .enter = trap_nothing,
    .leave = trap_nothing,
    .settle = trap_settle,
    .go = guest_go_in_user_mode,
    .resume = trap_resume,
    .state_changed = trap_state_changed,
    .memory_changed = trap_memory_changed,
    .root = trap_root,
    .reason = trap_reasons,
    .handle = trap_handlers,
    .hypercalls = &guest_hypercalls,
    .hcall_cause = CAUSE_ILLEGAL_INSTRUCTION,
};
