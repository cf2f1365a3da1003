/* The technique `para`: the guest's kernel asks with hcall; its own page tables are walked by the hardware. */
#include "monitor/para/para.h"

#include "monitor/rings/rings.h"

#include <stdlib.h>

/* Life. */

/* Of the shared page's address, in a table of that level of the window. */
static u64 *window_entry(struct t64_guest *guest, u32 table, u32 level)
{
    u32 index = SHARED_PAGE_ADDRESS >> (PAGE_SHIFT + PAGE_INDEX_BITS * level) & (PAGE_ENTRIES - 1);
    return frames_own(&guest->host->frames, table) + index;
}

static bool take_frames(struct t64_guest *guest)
{
    bool all = true;
    for (u32 i = 0; i < DOMAIN_MONITOR_FRAMES; i++) {
        guest->domain->monitor_frames[i] = host_take_frame(guest->host);
        all &= guest->domain->monitor_frames[i] != FRAME_NONE;
    }
    return all;
}

/* A root gets a pointer to the upper table while it is the kernel's. */
void para_build_window(struct t64_guest *guest)
{
    const u32 *frames = guest->domain->monitor_frames;
    u64 rights = PTE_R | PTE_W | PTE_U | PTE_A | PTE_D | PTE_V;
    guest->domain->shared = (u8 *)frames_own(&guest->host->frames, frames[DOMAIN_SHARED]);
    *window_entry(guest, frames[DOMAIN_WINDOW_LEVEL0], 0) = frame_address(frames[DOMAIN_SHARED]).at | rights;
    *window_entry(guest, frames[DOMAIN_WINDOW_LEVEL1], 1) = frame_address(frames[DOMAIN_WINDOW_LEVEL0]).at | PTE_V;
}

bool para_open(struct t64_guest *guest)
{
    guest->domain = calloc(1, sizeof *guest->domain);
    if (!guest->domain)
        return false;
    guest->domain->roots[DOMAIN_KERNEL] = guest->domain->roots[DOMAIN_USER] = FRAME_NONE;
    guest->domain->target = guest->pages;
    guest->vm.info |= INFO_HYPERCALLS;
    if (!take_frames(guest))
        return false;
    para_build_window(guest);
    return true;
}

void para_close(struct t64_guest *guest)
{
    if (!guest->domain)
        return;
    events_close_all(guest);
    grants_leave(guest);
    for (u32 i = 0; i < DOMAIN_MONITOR_FRAMES; i++)
        if (guest->domain->monitor_frames[i] != FRAME_NONE)
            host_give_back(guest->host, guest->domain->monitor_frames[i]);
    free(guest->domain);
}

/* What the shared page's status tells; the mode the monitor knows itself. */
#define SHARED_STATUS_BITS ((u64)(STATUS_IE | STATUS_PIE | STATUS_PMODE))

/* Between runs the state is what the host sees and changes; during one, most of it is the shared page. */

/* As it is in the page. tvec and ptbr are the trap table's and the root's, timecmp is set by a hypercall, status not all the guest's. */
enum { PAGE_HAS = ~(1 << CR_STATUS | 1 << CR_TVEC | 1 << CR_PTBR | 1 << CR_TIMECMP) };

void para_state_changed(struct t64_guest *guest)
{
    const struct t64_state *state = &guest->vm.state;
    u64 *status = domain_shared(guest, SHARED_STATUS); /* what else the guest has written there stays its own */
    *status = (*status & ~SHARED_STATUS_BITS) | (state->status & SHARED_STATUS_BITS);
#define SHOW(name, NAME, ...) if (PAGE_HAS >> CR_##NAME & 1) *domain_shared(guest, SHARED_##NAME) = state->name;
    T64_STORED_REGISTERS(SHOW)
#undef SHOW
}

/* A page at a time; only in a table can it make anything unsound. */
void para_memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size)
{
    const struct frame *frame = &guest->host->frames.all[guest->frames[gpa.at >> FRAME_SHIFT]];
    (void)size;
    guest->domain->doubtful |= frame->count && frame->type <= FRAME_LEVEL2;
}

void para_enter(struct t64_guest *guest)
{
    struct domain *domain = guest->domain;
    guest->vm.state.imask = ~(u64)0; /* events are any change of ipend; the guest's own mask is in the shared page */
    if (!domain->doubtful)
        return;
    domain->doubtful = false;
    domain->flush = true;
    domain->broken = !tables_recheck(guest, domain->roots);
    rings_recheck(guest);
    tables_recheck_maps(guest);
}

void para_leave(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    u64 mode = state->status & STATUS_MODE;
    state->status = (*domain_shared(guest, SHARED_STATUS) & SHARED_STATUS_BITS) | mode;
#define TAKE(name, NAME, ...) if (PAGE_HAS >> CR_##NAME & 1) state->name = *domain_shared(guest, SHARED_##NAME);
    T64_STORED_REGISTERS(TAKE)
#undef TAKE
    state->tvec = guest->domain->handlers[DOMAIN_HANDLER_ANY].address;
    u32 root = guest->domain->roots[domain_mode(guest)];
    state->ptbr = root == FRAME_NONE ? 0 : frame_address(root).at | PTBR_ENABLE;
}

u64 para_translate(struct t64_guest *guest, t64_gva gva, u32 rights)
{
    struct t64_walk found = domain_walk(guest, gva, rights);
    if (found.result != WALK_OK)
        return T64_NOWHERE;
    const struct frame *frame = &guest->host->frames.all[found.gpa.at >> FRAME_SHIFT];
    return frame->owner == guest->owner ? (u64)frame->page << FRAME_SHIFT | (gva.at & (FRAME_SIZE - 1)) : T64_NOWHERE;
}

/* Between runs, when imask is the guest's own. */
struct t64_instant para_next_event(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    u64 imask = state->imask;
    state->imask = domain_awaited(guest, imask);
    struct t64_instant next = system_next_wake(&guest->vm);
    state->imask = imask;
    return next;
}

u64 para_pending(struct t64_guest *guest) { return domain_pending(guest); }

void para_abandon(struct t64_guest *guest)
{
    if (trees_are_under_way(&guest->domain->trees))
        trees_abandon(guest);
}

u32 para_root(struct t64_guest *guest, u32 mode) { return guest->domain->roots[mode]; }

/* Traps. */

static const struct domain_handler *handler_of(const struct t64_guest *guest, u64 cause)
{
    u32 index = cause_is_interrupt(cause) ? DOMAIN_EXCEPTIONS + (u32)cause : (u32)cause;
    const struct domain_handler *handlers = guest->domain->handlers;
    return handlers[index].given ? &handlers[index] : &handlers[DOMAIN_HANDLER_ANY];
}

/* As the hardware does it to the control registers. */
static void enter_handler(struct t64_guest *guest, const struct domain_handler *handler, u64 cause, u64 tval)
{
    u64 enabled = domain_interrupts_enabled(guest);
    u64 status = enabled ? STATUS_PIE : 0;
    status |= domain_mode(guest) == DOMAIN_USER ? STATUS_PMODE : 0;
    status |= handler->keeps_interrupts ? enabled : 0;
    *domain_shared(guest, SHARED_STATUS) = status;
    *domain_shared(guest, SHARED_EPC) = guest->vm.state.pc;
    *domain_shared(guest, SHARED_CAUSE) = cause;
    *domain_shared(guest, SHARED_TVAL) = tval;
    guest->vm.state.pc = handler->address;
    guest->vm.state.fresh = 1;
    domain_set_mode(guest, DOMAIN_KERNEL);
}

int para_raise(struct t64_guest *guest, u64 cause, u64 tval)
{
    if (guest->vm.state.fresh && !cause_is_interrupt(cause))
        return guest_fault(guest, T64_FAULT_DOUBLE, cause, tval);
    const struct domain_handler *handler = handler_of(guest, cause);
    if (!handler->given)
        return guest_fault(guest, T64_FAULT_NO_HANDLER, cause, tval);
    enter_handler(guest, handler, cause, tval);
    return OUTCOME_SETTLE;
}

int para_reflect(struct t64_guest *guest) { return para_raise(guest, guest->exit.trap.cause, guest->exit.trap.tval); }

/* The hardware, before the guest goes on. */

/* A virtual interrupt that is bound raises its event when it becomes pending. */
static void note_pending(struct t64_guest *guest)
{
    struct domain *domain = guest->domain;
    events_raise_virqs(guest, system_pending(&guest->vm) & ~domain->pending);
    domain->pending = domain_pending(guest);
    domain->has_news = false;
}

static int take_interrupt(struct t64_guest *guest)
{
    note_pending(guest);
    if (!domain_interrupt_is_due(guest))
        return OUTCOME_RESUME;
    u64 due = guest->domain->pending & *domain_shared(guest, SHARED_IMASK);
    return para_raise(guest, CAUSE_TIMER | (u64)__builtin_ctzll(due), 0);
}

/* The window is the kernel's alone, even if both modes share a root. */
static void set_window(struct t64_guest *guest, u32 root)
{
    u64 window = frame_address(guest->domain->monitor_frames[DOMAIN_WINDOW_LEVEL1]).at | PTE_V;
    u64 wanted = domain_mode(guest) == DOMAIN_KERNEL ? window : 0;
    t64_hpa slot = {frame_address(root).at + 8 * MONITOR_ROOT_SLOT};
    if (host_entry(guest->host, slot) == wanted)
        return;
    host_store_entry(guest->host, slot, wanted);
    guest->domain->flush = true;
}

static void use_root(struct t64_guest *guest, u32 root)
{
    set_window(guest, root);
    host_use_root(guest->host, root);
    if (guest->domain->flush)
        cpu_flush(guest->host->cpu);
    guest->domain->flush = false;
}

static int set_hardware(struct t64_guest *guest, struct t64_instant alarm)
{
    struct domain *domain = guest->domain;
    u32 root = domain->roots[domain_mode(guest)];
    if (domain->broken || root == FRAME_NONE)
        return guest_fault(guest, T64_FAULT_BAD_PAGE_TABLE, 0, 0);
    use_root(guest, root);
    hardware_state(guest)->pc = guest->vm.state.pc;
    guest_set_alarm(guest, alarm);
    return OUTCOME_RESUME;
}

static void show_numbers(struct t64_guest *guest)
{
    u64 real = guest_real_time(guest);
    *domain_shared(guest, SHARED_TIME) = vm_time(&guest->vm);
    *domain_shared(guest, SHARED_REAL_TIME) = real;
    *domain_shared(guest, SHARED_WALL_TIME) = guest->vm.devices.clock_base + real;
    *domain_shared(guest, SHARED_PAGES) = guest->pages - guest->holes;
    *domain_shared(guest, SHARED_TARGET) = guest->domain->target;
}

int para_settle(struct t64_guest *guest)
{
    int outcome = take_interrupt(guest);
    if (outcome >= 0)
        return outcome;
    *domain_shared(guest, SHARED_IPEND) = guest->domain->pending;
    show_numbers(guest);
    return set_hardware(guest, system_next_event(&guest->vm));
}

/* What the guest has been shown stays as it is until it exits. */
int para_resume(struct t64_guest *guest)
{
    bool is_news = guest->domain->has_news || system_pending(&guest->vm) & ~guest->domain->pending;
    return set_hardware(guest, is_news ? instant_at(vm_time(&guest->vm)) : system_next_event(&guest->vm));
}
