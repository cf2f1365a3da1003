/* The technique `assist`: the guest's kernel and users run in guest mode, and exit only for what must.
 *
 * As a monitor on VT-x or AMD-V: the hardware keeps the guest's registers, delivers its traps and interrupts, looks after its
 * timer and walks its tables through nested ones. What is left are ports, wfi, a device's instant, and memory not mapped yet.
 */
#include "monitor/assist/assist.h"
#include "monitor/deprivileged/trap.h"
#include "monitor/hypercalls/hypercall.h"
#include "monitor/rings/rings.h"

#include <stdlib.h>

/* Life. */

static bool assist_open(struct t64_guest *guest)
{
    struct assist *assist = guest->assist = calloc(1, sizeof *guest->assist);
    if (!assist)
        return false;
    assist->paging = guest->vm.options & T64_OPTION_SHADOW ? &assist_with_shadow : &assist_with_nested;
    assist->intercepts = assist->paging->intercepts;
    if (hypercalls_are_offered(guest)) {
        guest->vm.info |= INFO_HYPERCALLS;
        assist->intercepts |= INTERCEPT_HCALL;
    }
    assist->area = (struct guest_area){.state = &guest->vm.state, .info = guest->vm.info, .intercepts = assist->intercepts};
    return guest->host->hardware.level == LEVEL_ASSIST && assist->paging->open(guest);
}

static void assist_close(struct t64_guest *guest)
{
    if (!guest->assist)
        return;
    guest->assist->paging->close(guest);
    free(guest->assist);
}

static void forget(struct t64_guest *guest) { guest->assist->paging->forget(guest); }

static void memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size)
{
    (void)size; /* within a page */
    guest->assist->paging->memory_changed(guest, gpa);
}

static int assist_boot(struct t64_guest *guest, u64 entry)
{
    guest->vm.state.pc = entry;
    forget(guest);
    return T64_OK;
}

static u32 assist_root(struct t64_guest *guest, u32 mode) { return guest->assist->paging->root(guest, mode); }

int t64_guest_intercept(t64_vm *vm, uint64_t intercepts)
{
    struct t64_guest *guest = guest_of(vm);
    if (!guest->assist || intercepts & ~INTERCEPTS_KNOWN)
        return T64_ERROR_VALUE;
    guest->assist->area.intercepts = intercepts | guest->assist->intercepts;
    return T64_OK;
}

/* Running. */

/* Where the host has a root, one of its guests has run in user mode, and left translations. */
static void enter(struct t64_guest *guest)
{
    if (hardware_state(guest)->ptbr != HOST_NO_ROOT)
        host_use_no_root(guest->host);
}

static void leave(struct t64_guest *guest) { (void)guest; }

static int go_on(struct t64_guest *guest)
{
    (void)guest;
    return OUTCOME_RESUME;
}

/* Devices are brought up to date here and nowhere else: between exits their lines change at the alarm alone. */
static int go(struct t64_guest *guest)
{
    struct guest_area *area = &guest->assist->area;
    struct t64_devices *devices = &guest->vm.devices;
    guest->assist->paging->prepare(guest);
    devices_advance(devices, vm_time(&guest->vm));
    area->lines = devices_pending(devices);
    area->alarm = devices_next(devices, vm_time(&guest->vm));
    return cpu_run_guest(guest->host->cpu, area, guest->until);
}

/* Handlers, by reason. */

int assist_inject(struct t64_guest *guest, u64 cause, u64 tval)
{
    struct guest_area *area = &guest->assist->area;
    area->has_event = true;
    area->event = (struct t64_trap){cause, tval};
    return OUTCOME_RESUME;
}

/* An intercepted trap goes on its way. */
static int pass_on(struct t64_guest *guest)
{
    return assist_inject(guest, guest->exit.raises, guest->exit.trap.tval);
}

/* One instruction, with the registers where the hardware has them. */
static int emulate(struct t64_guest *guest)
{
    struct t64_outcome outcome = system_execute(&guest->vm, hardware_state(guest)->x, (u32)guest->exit.trap.tval);
    if (outcome.effect == T64_EFFECT_FLUSH)
        guest->assist->paging->flush(guest);
    else if (outcome.effect == T64_EFFECT_FLUSH_PAGE)
        guest->assist->paging->flush_page(guest, outcome.page);
    else if (outcome.effect == T64_EFFECT_TRAP)
        return assist_inject(guest, outcome.cause, outcome.tval);
    return guest_outcome_of_effect(outcome.effect);
}

static int let_settle(struct t64_guest *guest)
{
    (void)guest;
    return OUTCOME_SETTLE;
}

static int shut_down(struct t64_guest *guest)
{
    const struct t64_stop_info *fault = &guest->assist->area.exit.fault;
    system_fault(&guest->vm, fault->fault, fault->cause, fault->pc, fault->tval);
    return T64_STOP_FAULT;
}

static int spin(struct t64_guest *guest)
{
    const struct t64_vm *vm = &guest->vm;
    if (!vm_interrupts_enabled(vm))
        return guest_fault(guest, T64_FAULT_STUCK, 0, 0);
    guest_spin(guest, rings_next(guest, system_next_event(&guest->vm)));
    return OUTCOME_SETTLE;
}

static int (*const handlers[EXIT_COUNT])(struct t64_guest *guest) = {
    [EXIT_CRR] = emulate, [EXIT_CRW] = emulate, [EXIT_CRX] = emulate, [EXIT_ERET] = emulate, [EXIT_WFI] = emulate,
    [EXIT_TLBI] = emulate, [EXIT_IN] = emulate, [EXIT_OUT] = emulate,
    [EXIT_GETST] = emulate, [EXIT_SETST] = emulate, [EXIT_GETVEC] = emulate, [EXIT_GETPT] = emulate,
    [EXIT_PROBE] = emulate,
    [EXIT_SYSCALL] = pass_on,
    [EXIT_EXCEPTION] = pass_on,
    [EXIT_GUEST_PAGE_FAULT] = pass_on,
    [EXIT_INTERRUPT] = pass_on,
    [EXIT_TIMER] = let_settle,
    [EXIT_SPIN] = spin,
    [EXIT_HYPERCALL] = hypercall_serve,
    [EXIT_NESTED_PAGE_FAULT] = assist_fill_nested,
    [EXIT_SHADOW_PAGE_FAULT] = trap_fill_shadow,
    [EXIT_TRACE] = trap_make_store,
    [EXIT_SHUTDOWN] = shut_down,
};

/* Reasons, by the exit's code. */

static u32 instruction_reason(struct t64_guest *guest) { return guest_sensitive_reason((u32)guest->exit.trap.tval); }

static u32 page_fault_reason(struct t64_guest *guest) { return guest->assist->paging->page_fault_reason(guest); }

static u32 nested_fault_reason(struct t64_guest *guest)
{
    guest->exit.gpa = guest->assist->area.exit.gpa;
    return EXIT_NESTED_PAGE_FAULT;
}

static u32 interrupt_reason(struct t64_guest *guest)
{
    guest->exit.raises = guest->exit.trap.tval;
    guest->exit.trap.tval = 0;
    return EXIT_INTERRUPT;
}

/* One that is not offered is what it would be without the intercept. */
static u32 hcall_reason(struct t64_guest *guest)
{
    guest->exit.raises = CAUSE_ILLEGAL_INSTRUCTION;
    return hypercalls_are_offered(guest) ? EXIT_HYPERCALL : EXIT_EXCEPTION;
}

static u32 spin_reason(struct t64_guest *guest)
{
    (void)guest;
    return EXIT_SPIN;
}

static u32 alarm_reason(struct t64_guest *guest)
{
    (void)guest;
    return EXIT_TIMER;
}

static u32 shutdown_reason(struct t64_guest *guest)
{
    (void)guest;
    return EXIT_SHUTDOWN;
}

static u32 (*const reasons[])(struct t64_guest *guest) = {
    [GUEST_EXIT_FETCH_MISALIGNED] = guest_exception_reason,
    [GUEST_EXIT_FETCH_PAGE_FAULT] = page_fault_reason,
    [GUEST_EXIT_FETCH_ACCESS_FAULT] = guest_exception_reason,
    [GUEST_EXIT_ILLEGAL_INSTRUCTION] = guest_exception_reason,
    [GUEST_EXIT_PRIVILEGED_INSTRUCTION] = guest_exception_reason,
    [GUEST_EXIT_SYSCALL] = guest_syscall_reason,
    [GUEST_EXIT_BREAK] = guest_exception_reason,
    [GUEST_EXIT_LOAD_MISALIGNED] = guest_exception_reason,
    [GUEST_EXIT_LOAD_PAGE_FAULT] = page_fault_reason,
    [GUEST_EXIT_LOAD_ACCESS_FAULT] = guest_exception_reason,
    [GUEST_EXIT_STORE_MISALIGNED] = guest_exception_reason,
    [GUEST_EXIT_STORE_PAGE_FAULT] = page_fault_reason,
    [GUEST_EXIT_STORE_ACCESS_FAULT] = guest_exception_reason,
    [GUEST_EXIT_INSTRUCTION] = instruction_reason,
    [GUEST_EXIT_HCALL] = hcall_reason,
    [GUEST_EXIT_SPIN] = spin_reason,
    [GUEST_EXIT_NESTED_FAULT] = nested_fault_reason,
    [GUEST_EXIT_SHUTDOWN] = shutdown_reason,
    [GUEST_EXIT_ALARM] = alarm_reason,
    [GUEST_EXIT_INTERRUPT] = interrupt_reason,
};

const struct technique technique_assist = {
    .takes_runs = true,
    .open = assist_open,
    .close = assist_close,
    .boot = assist_boot,
    .enter = enter,
    .leave = leave,
    .settle = go_on,
    .resume = go_on,
    .go = go,
    .state_changed = forget,
    .memory_changed = memory_changed,
    .root = assist_root,
    .reason = reasons,
    .handle = handlers,
    .hypercalls = &guest_hypercalls,
    .hcall_cause = GUEST_EXIT_HCALL,
};
