/* Exits under `para`: which of the hardware's traps go to the guest's handlers, which ask the monitor for something. */
#include "monitor/para/para.h"

void para_set_mode(struct t64_guest *guest, u32 mode)
{
    u64 status = guest->vm.state.status & ~STATUS_MODE;
    guest->vm.state.status = mode == PARA_USER ? status | STATUS_MODE : status;
}

static const struct para_handler *handler_of(const struct t64_guest *guest, u64 cause)
{
    u32 index = cause_is_interrupt(cause) ? PARA_EXCEPTIONS + (u32)cause : (u32)cause;
    const struct para_handler *handlers = guest->para->handlers;
    return handlers[index].given ? &handlers[index] : &handlers[PARA_HANDLER_ANY];
}

/* As the hardware does it to the control registers. */
static void enter_handler(struct t64_guest *guest, const struct para_handler *handler, u64 cause, u64 tval)
{
    u64 enabled = para_interrupts_enabled(guest);
    u64 status = enabled ? STATUS_PIE : 0;
    status |= para_mode(guest) == PARA_USER ? STATUS_PMODE : 0;
    status |= handler->keeps_interrupts ? enabled : 0;
    *para_shared(guest, SHARED_STATUS) = status;
    *para_shared(guest, SHARED_EPC) = guest->vm.state.pc;
    *para_shared(guest, SHARED_CAUSE) = cause;
    *para_shared(guest, SHARED_TVAL) = tval;
    guest->vm.state.pc = handler->address;
    guest->vm.state.fresh = 1;
    para_set_mode(guest, PARA_KERNEL);
}

int para_raise(struct t64_guest *guest, u64 cause, u64 tval)
{
    if (guest->vm.state.fresh && !cause_is_interrupt(cause))
        return guest_fault(guest, T64_FAULT_DOUBLE, cause, tval);
    const struct para_handler *handler = handler_of(guest, cause);
    if (!handler->given)
        return guest_fault(guest, T64_FAULT_NO_HANDLER, cause, tval);
    enter_handler(guest, handler, cause, tval);
    return OUTCOME_SETTLE;
}

/* Handlers, by reason. */

static int reflect(struct t64_guest *guest) { return para_raise(guest, guest->exit.trap.cause, guest->exit.trap.tval); }

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
    if (!para_interrupts_enabled(guest))
        return guest_fault(guest, T64_FAULT_STUCK, 0, 0);
    guest_spin(guest, system_next_event(&guest->vm));
    return OUTCOME_SETTLE;
}

int (*const para_handlers[EXIT_COUNT])(struct t64_guest *guest) = {
    [EXIT_CRR] = read_info,
    [EXIT_SYSCALL] = reflect,
    [EXIT_EXCEPTION] = reflect,
    [EXIT_GUEST_PAGE_FAULT] = reflect,
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
    bool reads_info = guest_sensitive_reason(word) == EXIT_CRR && word >> 17 == CR_INFO;
    return reads_info && para_mode(guest) == PARA_KERNEL ? EXIT_CRR : EXIT_EXCEPTION;
}

static u32 page_fault_reason(struct t64_guest *guest)
{
    (void)guest;
    return EXIT_GUEST_PAGE_FAULT;
}

u32 (*const para_reasons[])(struct t64_guest *guest) = GUEST_REASONS(page_fault_reason, illegal_reason, privileged_reason);
