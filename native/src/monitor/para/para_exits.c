/* Exits under `para`: which of the hardware's traps go to the guest's handlers, which ask the monitor for something. */
#include "monitor/hypercalls/hypercall.h"
#include "monitor/para/para.h"

/* Handlers, by reason. */

static int read_info(struct t64_guest *guest)
{
    system_execute(&guest->vm, hardware_state(guest)->x, (u32)guest->exit.trap.tval);
    guest_retired_one(guest);
    return OUTCOME_RESUME;
}

static int let_settle(struct t64_guest *guest)
{
    (void)guest;
    return OUTCOME_SETTLE;
}

static int spin(struct t64_guest *guest)
{
    if (!domain_interrupts_enabled(guest))
        return guest_fault(guest, T64_FAULT_STUCK, 0, 0);
    guest_spin(guest, system_next_event(&guest->vm));
    return OUTCOME_SETTLE;
}

static int (*const handlers[EXIT_COUNT])(struct t64_guest *guest) = {
    [EXIT_CRR] = read_info,
    [EXIT_SYSCALL] = para_reflect,
    [EXIT_EXCEPTION] = para_reflect,
    [EXIT_GUEST_PAGE_FAULT] = para_reflect,
    [EXIT_TIMER] = let_settle,
    [EXIT_SPIN] = spin,
    [EXIT_HYPERCALL] = hypercall_serve,
};

/* Reasons, by the hardware's cause. */

static u32 illegal_reason(struct t64_guest *guest)
{
    return is_hypercall(guest, (u32)guest->exit.trap.tval) ? EXIT_HYPERCALL : EXIT_EXCEPTION;
}

/* `info` alone is emulated: by it a guest learns that a monitor is there. */
static u32 privileged_reason(struct t64_guest *guest)
{
    u32 word = (u32)guest->exit.trap.tval;
    bool reads_info = guest_sensitive_reason(word) == EXIT_CRR && word_immediate(word) == CR_INFO;
    return reads_info && domain_mode(guest) == DOMAIN_KERNEL ? EXIT_CRR : EXIT_EXCEPTION;
}

static u32 page_fault_reason(struct t64_guest *guest)
{
    (void)guest;
    return EXIT_GUEST_PAGE_FAULT;
}

static u32 (*const reasons[])(struct t64_guest *guest) = GUEST_REASONS(page_fault_reason, illegal_reason, privileged_reason);

const struct technique technique_para = {
    .pages_directly = true,
    .open = para_open,
    .close = para_close,
    .boot = para_boot,
    .enter = para_enter,
    .leave = para_leave,
    .settle = para_settle,
    .go = guest_go_in_user_mode,
    .resume = para_resume,
    .state_changed = para_state_changed,
    .memory_changed = para_memory_changed,
    .root = para_root,
    .reason = reasons,
    .handle = handlers,
    .hypercalls = &guest_hypercalls,
    .hcall_cause = CAUSE_ILLEGAL_INSTRUCTION,
    .translate = para_translate,
    .next_event = para_next_event,
    .pending = para_pending,
    .save_size = para_save_size,
    .save = para_save,
    .prepare_load = para_prepare_load,
    .load = para_load,
    .abandon = para_abandon,
};
