/* The technique `para`: the guest's kernel asks with hcall; its own page tables are walked by the hardware. */
#include "monitor/para/para.h"

#include "monitor/para/direct_paging.h"

#include <stdlib.h>

/* Life. */

static u64 *table_entry(struct t64_guest *guest, u32 table, u32 index)
{
    return host_entry(guest->host, frame_address(table)) + index;
}

static u32 window_index(u32 level)
{
    return SHARED_PAGE_ADDRESS >> (PAGE_SHIFT + PAGE_INDEX_BITS * level) & (PAGE_ENTRIES - 1);
}

static bool take_frames(struct t64_guest *guest)
{
    bool all = true;
    for (u32 i = 0; i < PARA_MONITOR_FRAMES; i++) {
        guest->para->monitor_frames[i] = host_take_frame(guest->host);
        all &= guest->para->monitor_frames[i] != FRAME_NONE;
    }
    return all;
}

/* A root gets a pointer to the upper table while it is the kernel's. */
void para_build_window(struct t64_guest *guest)
{
    const u32 *frames = guest->para->monitor_frames;
    u64 rights = PTE_R | PTE_W | PTE_U | PTE_A | PTE_D | PTE_V;
    guest->para->shared = frames_bytes(&guest->host->frames, frames[PARA_SHARED]);
    u64 *level1 = table_entry(guest, frames[PARA_WINDOW_LEVEL1], window_index(1));
    *table_entry(guest, frames[PARA_WINDOW_LEVEL0], window_index(0)) = frame_address(frames[PARA_SHARED]).at | rights;
    *level1 = frame_address(frames[PARA_WINDOW_LEVEL0]).at | PTE_V;
}

static bool para_open(struct t64_guest *guest)
{
    guest->para = calloc(1, sizeof *guest->para);
    if (!guest->para)
        return false;
    guest->para->roots[PARA_KERNEL] = guest->para->roots[PARA_USER] = FRAME_NONE;
    guest->para->target = guest->pages;
    guest->vm.info |= INFO_HYPERCALLS;
    if (!take_frames(guest))
        return false;
    para_build_window(guest);
    return true;
}

static void para_close(struct t64_guest *guest)
{
    if (!guest->para)
        return;
    events_close_all(guest);
    grants_leave(guest);
    for (u32 i = 0; i < PARA_MONITOR_FRAMES; i++)
        if (guest->para->monitor_frames[i] != FRAME_NONE)
            host_give_back(guest->host, guest->para->monitor_frames[i]);
    free(guest->para);
}

/* What the shared page's status tells; the mode the monitor knows itself. */
#define SHARED_STATUS_BITS ((u64)(STATUS_IE | STATUS_PIE | STATUS_PMODE))

/* Between runs the state is what the host sees and changes; during one, most of it is the shared page. */

/* As it is in the page. tvec and ptbr are the trap table's and the root's, timecmp is set by a hypercall, status not all the guest's. */
enum { PAGE_HAS = ~(1 << CR_STATUS | 1 << CR_TVEC | 1 << CR_PTBR | 1 << CR_TIMECMP) };

static void para_state_changed(struct t64_guest *guest)
{
    const struct t64_state *state = &guest->vm.state;
    u64 *status = para_shared(guest, SHARED_STATUS); /* what else the guest has written there stays its own */
    *status = (*status & ~SHARED_STATUS_BITS) | (state->status & SHARED_STATUS_BITS);
#define SHOW(name, NAME, ...) if (PAGE_HAS >> CR_##NAME & 1) *para_shared(guest, SHARED_##NAME) = state->name;
    T64_STORED_REGISTERS(SHOW)
#undef SHOW
}

/* A page at a time; only in a table can it make anything unsound. */
static void para_memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size)
{
    const struct frame *frame = &guest->host->frames.all[guest->frames[gpa.at >> FRAME_SHIFT]];
    (void)size;
    guest->para->doubtful |= frame->count && frame->type <= FRAME_LEVEL2;
}

static void para_enter(struct t64_guest *guest)
{
    struct para *para = guest->para;
    guest->vm.state.imask = ~(u64)0; /* events are any change of ipend; the guest's own mask is in the shared page */
    if (!para->doubtful)
        return;
    para->doubtful = false;
    para->flush = true;
    para->broken = !tables_recheck(guest, para->roots);
}

static void para_leave(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    u64 mode = state->status & STATUS_MODE;
    state->status = (*para_shared(guest, SHARED_STATUS) & SHARED_STATUS_BITS) | mode;
#define TAKE(name, NAME, ...) if (PAGE_HAS >> CR_##NAME & 1) state->name = *para_shared(guest, SHARED_##NAME);
    T64_STORED_REGISTERS(TAKE)
#undef TAKE
    state->tvec = guest->para->handlers[PARA_HANDLER_ANY].address;
    u32 root = guest->para->roots[para_mode(guest)];
    state->ptbr = root == FRAME_NONE ? 0 : frame_address(root).at | PTBR_ENABLE;
}

u64 para_awaited(const struct t64_guest *guest, u64 imask)
{
    u64 sources = imask & IPEND_EVENT ? events_sources(guest) & ~guest->para->pending : 0;
    return (imask & ~IPEND_EVENT) | sources;
}

/* Between runs, when imask is the guest's own. */
static struct t64_instant para_next_event(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    u64 imask = state->imask;
    state->imask = para_awaited(guest, imask);
    struct t64_instant next = system_next_wake(&guest->vm);
    state->imask = imask;
    return next;
}

static u64 para_pending(struct t64_guest *guest) { return para_pending_now(guest); }

static void para_abandon(struct t64_guest *guest)
{
    if (trees_are_under_way(&guest->para->trees))
        trees_abandon(guest);
}

static u32 para_root(struct t64_guest *guest, u32 mode) { return guest->para->roots[mode]; }

/* The hardware, before the guest goes on. */

/* A virtual interrupt that is bound raises its event when it becomes pending. */
static void note_pending(struct t64_guest *guest)
{
    struct para *para = guest->para;
    events_raise_virqs(guest, system_pending(&guest->vm) & ~para->pending);
    para->pending = para_pending_now(guest);
    para->has_news = false;
}

static int take_interrupt(struct t64_guest *guest)
{
    note_pending(guest);
    if (!para_interrupt_is_due(guest))
        return OUTCOME_RESUME;
    u64 due = guest->para->pending & *para_shared(guest, SHARED_IMASK);
    return para_raise(guest, CAUSE_TIMER | (u64)__builtin_ctzll(due), 0);
}

/* The window is the kernel's alone, even if both modes share a root. */
static void set_window(struct t64_guest *guest, u32 root)
{
    u64 window = frame_address(guest->para->monitor_frames[PARA_WINDOW_LEVEL1]).at | PTE_V;
    u64 wanted = para_mode(guest) == PARA_KERNEL ? window : 0;
    u64 *slot = table_entry(guest, root, MONITOR_ROOT_SLOT);
    if (*slot == wanted)
        return;
    *slot = wanted;
    host_memory_changed(guest->host, (t64_hpa){frame_address(root).at + 8 * MONITOR_ROOT_SLOT}, sizeof *slot);
    guest->para->flush = true;
}

static void use_root(struct t64_guest *guest, u32 root)
{
    set_window(guest, root);
    host_use_root(guest->host, root);
    if (guest->para->flush)
        cpu_flush(guest->host->cpu);
    guest->para->flush = false;
}

static int set_hardware(struct t64_guest *guest, struct t64_instant alarm)
{
    struct para *para = guest->para;
    u32 root = para->roots[para_mode(guest)];
    if (para->broken || root == FRAME_NONE)
        return guest_fault(guest, T64_FAULT_BAD_PAGE_TABLE, 0, 0);
    use_root(guest, root);
    hardware_state(guest)->pc = guest->vm.state.pc;
    guest_set_alarm(guest, alarm);
    return OUTCOME_RESUME;
}

static void show_numbers(struct t64_guest *guest)
{
    u64 real = guest_real_time(guest);
    *para_shared(guest, SHARED_TIME) = vm_time(&guest->vm);
    *para_shared(guest, SHARED_REAL_TIME) = real;
    *para_shared(guest, SHARED_WALL_TIME) = guest->vm.devices.clock_base + real;
    *para_shared(guest, SHARED_PAGES) = guest->pages - guest->holes;
    *para_shared(guest, SHARED_TARGET) = guest->para->target;
}

static int para_settle(struct t64_guest *guest)
{
    int outcome = take_interrupt(guest);
    if (outcome >= 0)
        return outcome;
    *para_shared(guest, SHARED_IPEND) = guest->para->pending;
    show_numbers(guest);
    return set_hardware(guest, system_next_event(&guest->vm));
}

/* What the guest has been shown stays as it is until it exits. */
static int para_resume(struct t64_guest *guest)
{
    bool is_news = guest->para->has_news || system_pending(&guest->vm) & ~guest->para->pending;
    return set_hardware(guest, is_news ? instant_at(vm_time(&guest->vm)) : system_next_event(&guest->vm));
}

const struct technique technique_para = {
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
    .reason = para_reasons,
    .handle = para_handlers,
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
