/* The technique `rewrite`: as `trap`, but the code is scanned before it first runs, and what is sensitive replaced.
 *
 * After Adams and Agesen's software VMM (ASPLOS 2006). The vCPU page stands in the monitors' window of the guest's
 * kernel; there most reads and writes of control registers are plain loads and stores. What it says is taken over after
 * each run of kernel code, as far as such stores may have changed it, and set right before the next.
 */
#include "monitor/rewrite/rewrite.h"

#include "monitor/hypercalls/hypercall.h"

bool rewrite_open(struct t64_guest *guest)
{
    struct t64_host *host = guest->host;
    guest->vm.info |= hypercalls_are_offered(guest) ? INFO_HYPERCALLS : 0;
    if (!host->stepper)
        host->stepper = cpu_new_beside(host->cpu, CPU_BARE);
    return host->stepper && trap_open(guest) && rewriting_open(guest) && shadow_open_window(&guest->shadow);
}

void rewrite_close(struct t64_guest *guest)
{
    rewriting_close(guest);
    trap_close(guest);
}

void rewrite_forget(struct t64_guest *guest)
{
    rewritten_forget_all(guest);
    shadow_forget(&guest->shadow);
}

void rewrite_memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size)
{
    (void)size;
    rewritten_forget(guest, (u32)(gpa.at >> FRAME_SHIFT));
    shadow_memory_changed(&guest->shadow, (u32)(gpa.at >> FRAME_SHIFT));
}

void rewrite_stored(struct t64_guest *guest, t64_gpa gpa)
{
    if (rewritten_is_known(guest, (u32)(gpa.at >> FRAME_SHIFT)))
        rewritten_forget(guest, (u32)(gpa.at >> FRAME_SHIFT));
}

int rewrite_boot(struct t64_guest *guest, u64 entry)
{
    guest->vm.state.pc = entry;
    rewrite_forget(guest);
    return T64_OK;
}

/* The vCPU page: control registers, at 8 * number. */

static u64 *vcpu(const struct t64_guest *guest, u32 cr)
{
    return frames_own(&guest->host->frames, guest->shadow.window) + cr;
}

/* What plain stores may have changed. The guest may have written anything there: each of these takes any value. */
static void pull_vcpu(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    state->status = (state->status & ~STATUS_IE) | (*vcpu(guest, CR_STATUS) & STATUS_IE);
#define PULL(name, NAME, ...) if (VCPU_TAKES >> CR_##NAME & 1) state->name = *vcpu(guest, CR_##NAME);
    T64_STORED_REGISTERS(PULL)
#undef PULL
}

void rewrite_push_vcpu(struct t64_guest *guest)
{
    const struct t64_state *state = &guest->vm.state;
    u64 pending = system_pending(&guest->vm);
#define PUSH(name, NAME, ...) *vcpu(guest, CR_##NAME) = state->name;
    T64_STORED_REGISTERS(PUSH)
#undef PUSH
    *vcpu(guest, CR_IPEND) = pending;
    *vcpu(guest, CR_INFO) = guest->vm.info;
    /* A store that lets in what is pending has to come to the monitor. */
    shadow_let_window(&guest->shadow, !(vm_interrupts_enabled(&guest->vm) && pending));
    guest->rewriting->taken = false;
}

void rewrite_take_vcpu(struct t64_guest *guest)
{
    if (!guest->rewriting->taken)
        pull_vcpu(guest);
    guest->rewriting->taken = true;
}

/* Between runs the state is what the host sees and changes. */
void rewrite_enter(struct t64_guest *guest) { guest->rewriting->taken = true; }

/* The next change of ipend. */
static struct t64_instant next_change(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    u64 imask = state->imask, now = vm_time(&guest->vm);
    state->imask = ~(u64)0;
    struct t64_instant next = system_next_event(&guest->vm);
    state->imask = imask;
    /* The timer is pending no more when time starts again from 0. */
    bool ends = now && now >= state->timecmp;
    return instant_nearer(ends ? instant_at(0) : T64_NEVER, next, now);
}

struct t64_instant rewrite_next_alarm(struct t64_guest *guest) { return rings_next(guest, next_change(guest)); }

static int go_on(struct t64_guest *guest)
{
    if (!rewrite_in_kernel(guest))
        return trap_go_on(guest); /* its state stays taken */
    rewrite_push_vcpu(guest);
    guest->rewriting->alarm = rewrite_next_alarm(guest);
    return trap_set_hardware(guest, guest->rewriting->alarm);
}

int rewrite_settle(struct t64_guest *guest)
{
    rewrite_take_vcpu(guest);
    trap_deliver_interrupt(guest);
    return go_on(guest);
}

int rewrite_resume(struct t64_guest *guest)
{
    if (!rewrite_in_kernel(guest))
        return trap_resume(guest);
    bool is_due = system_interrupt(&guest->vm);
    rewrite_push_vcpu(guest);
    guest->rewriting->alarm = is_due ? instant_at(vm_time(&guest->vm)) : rewrite_next_alarm(guest);
    return trap_set_hardware(guest, guest->rewriting->alarm);
}
