/* The technique `hybrid`: the guest's kernel is interpreted on the vCPU, its user mode runs directly.
 *
 * Popek and Goldberg's hybrid monitor (CACM 17(7), 1974, theorem 3): it needs only that what is sensitive in user mode traps
 * there. The interpreter is the engine itself, on the guest's state and memory; it hands over where user mode begins, and
 * from there on the guest is run as under `trap`.
 */
#include "machine/machine.h"
#include "monitor/deprivileged/trap.h"

#include <string.h>

static bool hybrid_open(struct t64_guest *guest)
{
    struct t64_host *host = guest->host;
    if (!host->kernels)
        host->kernels = cpu_new_beside(host->cpu, CPU_KERNEL_ONLY);
    /* Not cached: what the kernel stores is not seen. */
    return host->kernels && shadow_open(&guest->shadow, host, &guest->vm, false);
}

/* From outside: translations of the kernel, of users, and what was decoded are not to be trusted. */
static void forget(struct t64_guest *guest)
{
    cpu_flush(guest->host->kernels);
    shadow_forget(&guest->shadow);
}

static void memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size)
{
    (void)gpa, (void)size;
    forget(guest);
}

static int hybrid_boot(struct t64_guest *guest, u64 entry)
{
    guest->vm.state.pc = entry;
    forget(guest);
    return T64_OK;
}

/* Interpret until user mode. The registers are the hardware's while users run, and the vCPU's here. */
static int interpret_kernel(struct t64_guest *guest)
{
    struct t64_cpu *cpu = guest->host->kernels;
    struct t64_state *state = &guest->vm.state, *hardware = hardware_state(guest);
    cpu_carry(cpu, &guest->vm);
    u64 flushes = cpu_flushes(cpu);
    memcpy(state->x, hardware->x, sizeof state->x);
    int event = cpu_run(cpu, guest->until);
    memcpy(hardware->x, state->x, sizeof state->x);
    if (cpu_flushes(cpu) != flushes)
        shadow_flush(&guest->shadow);
    return event;
}

static int hybrid_settle(struct t64_guest *guest)
{
    trap_deliver_interrupt(guest);
    while (!vm_in_user_mode(&guest->vm)) {
        int event = interpret_kernel(guest);
        if (event != CPU_USER)
            return event;
        trap_deliver_interrupt(guest);
    }
    return trap_go_on(guest);
}

static int hybrid_resume(struct t64_guest *guest)
{
    return vm_in_user_mode(&guest->vm) ? trap_resume(guest) : OUTCOME_SETTLE;
}

/* Exits come from user mode alone, and there they are what they are under `trap`. */
const struct technique technique_hybrid = {
    .open = hybrid_open,
    .close = trap_close,
    .boot = hybrid_boot,
    .enter = trap_nothing,
    .leave = trap_nothing,
    .settle = hybrid_settle,
    .go = guest_go_in_user_mode,
    .resume = hybrid_resume,
    .state_changed = forget,
    .memory_changed = memory_changed,
    .root = trap_root,
    .reason = trap_reasons,
    .handle = trap_handlers,
};
