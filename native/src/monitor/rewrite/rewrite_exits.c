/* Exits under `rewrite`: monitor calls, the window, code that is read, written or run for the first time. */
#include "monitor/deprivileged/accesses.h"
#include "monitor/hypercalls/hypercall.h"
#include "monitor/rewrite/rewrite.h"

/* Reasons. */

static u32 illegal_reason(struct t64_guest *guest)
{
    struct rewriting *rewriting = guest->rewriting;
    struct site *site = site_of_call(guest, (u32)guest->exit.trap.tval);
    rewriting->called = site ? (u32)(site - rewriting->sites) : SITES_MAXIMUM;
    if (!site)
        return trap_illegal_reason(guest);
    rewriting->at = site->original;
    guest->exit.trap.tval = guest->exit.word = site->word;
    if (site->original.insn == INSN_HCALL)
        return trap_illegal_reason(guest); /* the guest's own */
    return site->adapted ? EXIT_ADAPTED : guest_sensitive_reason(site->word);
}

static u32 privileged_reason(struct t64_guest *guest)
{
    guest->rewriting->at = decode((u32)guest->exit.trap.tval);
    return rewrite_in_kernel(guest) ? guest_sensitive_reason((u32)guest->exit.trap.tval) : EXIT_EXCEPTION;
}

/* It holds no code: what is fetched there is the guest's own business. */
static bool is_at_window(const struct t64_guest *guest)
{
    const struct t64_trap *trap = &guest->exit.trap;
    return rewrite_in_kernel(guest) && trap->cause != CAUSE_FETCH_PAGE_FAULT &&
           trap->tval >> PAGE_SHIFT == SHARED_PAGE_ADDRESS >> PAGE_SHIFT;
}

/* Not there yet; or a store that may let an interrupt in; or the guest's own business. */
static u32 window_reason(struct t64_guest *guest)
{
    if (guest->exit.trap.cause != CAUSE_STORE_PAGE_FAULT || guest->shadow.window_writable) {
        guest->rewriting->at_window = true;
        return EXIT_SHADOW_PAGE_FAULT;
    }
    guest->rewriting->at = guest_instruction(guest);
    if (class_of(guest->rewriting->at.insn) == CLASS_INNOCUOUS)
        return trap_page_fault_reason(guest);
    guest->exit.word = encode(guest->rewriting->at);
    return guest_sensitive_reason(guest->exit.word);
}

static u32 faulting_page(const struct t64_guest *guest) { return (u32)(guest->walk.gpa.at >> FRAME_SHIFT); }

/* Does the hardware run a copy where this load went? */
static bool reads_copy(const struct t64_guest *guest)
{
    t64_gva gva = {guest->exit.trap.tval};
    u32 copy = guest->rewriting->pages[faulting_page(guest)].copy[trap_mode(guest)];
    return trap_wanted_rights(guest) == ACCESS_LOAD && copy != FRAME_NONE &&
           shadow_maps(&guest->shadow, trap_mode(guest), gva, copy);
}

static u32 page_fault_reason(struct t64_guest *guest)
{
    guest->rewriting->at_window = false;
    if (is_at_window(guest))
        return window_reason(guest);
    u32 reason = trap_page_fault_reason(guest);
    if (reason != EXIT_SHADOW_PAGE_FAULT)
        return reason;
    if (trap_wanted_rights(guest) == ACCESS_STORE && rewritten_is_known(guest, faulting_page(guest)))
        return EXIT_CODE_WRITE;
    return reads_copy(guest) ? EXIT_CODE_READ : reason;
}

static u32 (*const reasons[])(struct t64_guest *guest) = GUEST_REASONS(page_fault_reason, illegal_reason, privileged_reason);

/* Handlers. */

static bool only_reads(struct t64_decoded in)
{
    return in.insn == INSN_CRR || in.insn == INSN_PROBE || in.insn == INSN_TLBI || in.insn == INSN_GETST ||
           in.insn == INSN_GETVEC || in.insn == INSN_GETPT;
}

/* Does the alarm have to be set anew? */
static bool moves_next_change(struct t64_guest *guest, struct t64_decoded in)
{
    bool may = in.insn == INSN_OUT || ((in.insn == INSN_CRW || in.insn == INSN_CRX) && in.imm == CR_TIMECMP);
    return may && !instant_is(rewrite_next_alarm(guest), guest->rewriting->alarm);
}

static int perform(struct t64_guest *guest)
{
    struct t64_decoded in = guest->rewriting->at;
    rewrite_take_vcpu(guest);
    int outcome = trap_perform(guest, in);
    if (outcome != OUTCOME_RESUME || !rewrite_in_kernel(guest))
        return outcome;
    if (only_reads(in)) {
        guest->rewriting->taken = false;
        return outcome;
    }
    if (moves_next_change(guest, in))
        return OUTCOME_SETTLE;
    rewrite_push_vcpu(guest);
    return OUTCOME_RESUME;
}

static int serve_hypercall(struct t64_guest *guest)
{
    rewrite_take_vcpu(guest);
    int outcome = hypercall_serve(guest);
    if (outcome == OUTCOME_RESUME)
        rewrite_push_vcpu(guest);
    return outcome;
}

static int reflect(struct t64_guest *guest)
{
    rewrite_take_vcpu(guest);
    return trap_reflect(guest);
}

/* The instruction that made a faulting access, to be counted. */
static void note_fault(struct t64_guest *guest)
{
    const struct t64_vm *vm = &guest->vm;
    if (!(vm->options & T64_OPTION_ADAPTIVE) || !rewrite_in_kernel(guest))
        return;
    struct t64_walk found = walk(&vm->phys, vm->state.ptbr, (t64_gva){vm->state.pc}, ACCESS_FETCH, false);
    struct t64_decoded in = guest_instruction(guest);
    if (found.result == WALK_OK && access_size(in))
        rewritten_note_fault(guest, found.gpa, in);
}

static int make_traced_store(struct t64_guest *guest)
{
    note_fault(guest);
    return trap_make_store(guest);
}

static int make_access(struct t64_guest *guest, struct t64_decoded in, const struct access *access)
{
    if (!access->cause)
        return access_make(guest, in, access);
    rewrite_take_vcpu(guest);
    return trap_raise(guest, access->cause, access->gva.at);
}

/* What is not known yet may be written, but not run; what is known, the other way round. */
static u64 data_rights(const struct t64_guest *guest)
{
    u32 page = faulting_page(guest), mode = trap_mode(guest);
    u64 rights = PTE_R | PTE_W | PTE_X;
    if (rewritten_is_known(guest, page))
        rights &= ~PTE_W;
    if (rewritten_is_scanned(guest, mode) && guest->rewriting->pages[page].state[mode] != REWRITTEN_CLEAN)
        rights &= ~PTE_X;
    return rights;
}

static int read_code(struct t64_guest *guest)
{
    struct t64_decoded in = guest_instruction(guest);
    struct access access;
    note_fault(guest);
    if (!access_size(in))
        return trap_fill_shadow_as(guest, guest->frames[faulting_page(guest)], data_rights(guest));
    access_find(guest, in, &access);
    return make_access(guest, in, &access);
}

static int fetch(struct t64_guest *guest)
{
    u32 page = faulting_page(guest), mode = trap_mode(guest);
    switch (rewritten_learn(guest, page, mode)) {
    case REWRITTEN_CLEAN: return trap_fill_shadow_as(guest, guest->frames[page], PTE_R | PTE_X);
    case REWRITTEN_COPIED: return trap_fill_shadow_as(guest, guest->rewriting->pages[page].copy[mode], PTE_X);
    default: rewrite_take_vcpu(guest); return rewritten_step(guest);
    }
}

static int fill(struct t64_guest *guest)
{
    if (guest->rewriting->at_window) {
        shadow_map_window(&guest->shadow);
        return trap_back(guest);
    }
    /* First, for the entry may stand in the very page whose copy is to be mapped, and which is dropped for it. */
    guest->walk.entry = guest_mark(guest, &guest->walk, trap_wanted_rights(guest));
    if (trap_wanted_rights(guest) == ACCESS_FETCH && rewritten_is_scanned(guest, trap_mode(guest)))
        return fetch(guest);
    return trap_fill_shadow_as(guest, guest->frames[faulting_page(guest)], data_rights(guest));
}

static int write_code(struct t64_guest *guest)
{
    rewritten_forget(guest, faulting_page(guest));
    return trap_fill_shadow_as(guest, guest->frames[faulting_page(guest)], data_rights(guest));
}

/* Would it have faulted? */
static bool needs_call(const struct t64_guest *guest, struct t64_decoded in, const struct access *access)
{
    u32 page = (u32)(access->found.gpa.at >> FRAME_SHIFT);
    if (access->cause)
        return false;
    return access_stores(in) ? shadow_traces(&guest->shadow, page)
                             : guest->rewriting->pages[page].state[0] == REWRITTEN_COPIED;
}

static void remember(struct t64_guest *guest, struct site *site, const struct access *access)
{
    site->last_page.at = access->gva.at & ~(u64)(PAGE_SIZE - 1);
    site->last_at.at = access->found.gpa.at & ~(u64)(PAGE_SIZE - 1);
    site->flushes = cpu_flushes(guest->host->cpu);
}

/* Aligned, in the same page, and that is a traced table still. */
static bool goes_where_it_did(struct t64_guest *guest, const struct site *site)
{
    u64 beyond = access_target(guest, site->original).at - site->last_page.at;
    return site->flushes == cpu_flushes(guest->host->cpu) && beyond < PAGE_SIZE &&
           !(beyond & (access_size(site->original) - 1)) &&
           shadow_traces(&guest->shadow, (u32)(site->last_at.at >> FRAME_SHIFT));
}

/* An entry that maps what it did: no shadow is the worse for it. */
static bool store_entry_alike(struct t64_guest *guest, t64_gpa at, u64 value)
{
    t64_hpa hpa = phys_locate(&guest->vm.phys, at);
    if (!shadow_means_the_same(host_entry(guest->host, hpa), value) || rewritten_is_known(guest, (u32)(at.at >> FRAME_SHIFT)))
        return false;
    host_store_entry(guest->host, hpa, value);
    return true;
}

static int store_again(struct t64_guest *guest, struct site *site)
{
    struct t64_decoded in = site->original;
    t64_gva gva = access_target(guest, in);
    t64_gpa at = {site->last_at.at + gva.at % PAGE_SIZE};
    u64 value = hardware_state(guest)->x[in.rd];
    site->idle = 0;
    if (in.insn == INSN_SD && store_entry_alike(guest, at, value)) {
        guest_accessed(guest, gva, ACCESS_STORE);
        guest_step(guest);
        return OUTCOME_RESUME;
    }
    guest_store(guest, at, value, access_size(in));
    guest_accessed(guest, gva, ACCESS_STORE);
    guest_step(guest);
    return trap_back(guest);
}

static int make_adapted(struct t64_guest *guest)
{
    struct site *site = &guest->rewriting->sites[guest->rewriting->called];
    struct t64_decoded in = site->original;
    if (!site->used) /* an observer has changed the code */
        return OUTCOME_SETTLE;
    if (goes_where_it_did(guest, site))
        return store_again(guest, site);
    struct access access;
    access_find(guest, in, &access);
    rewritten_note_call(guest, site, needs_call(guest, in, &access));
    int outcome = make_access(guest, in, &access);
    if (site->used && access_stores(in) && !access.cause)
        remember(guest, site, &access);
    return outcome;
}

static int spin(struct t64_guest *guest)
{
    rewrite_take_vcpu(guest);
    return trap_spin(guest);
}

static int (*const handlers[EXIT_COUNT])(struct t64_guest *guest) = {
    [EXIT_CRR] = perform, [EXIT_CRW] = perform, [EXIT_CRX] = perform, [EXIT_ERET] = perform, [EXIT_WFI] = perform,
    [EXIT_TLBI] = perform, [EXIT_IN] = perform, [EXIT_OUT] = perform,
    [EXIT_GETST] = perform, [EXIT_SETST] = perform, [EXIT_GETVEC] = perform, [EXIT_GETPT] = perform,
    [EXIT_PROBE] = perform,
    [EXIT_SYSCALL] = reflect,
    [EXIT_EXCEPTION] = reflect,
    [EXIT_GUEST_PAGE_FAULT] = reflect,
    [EXIT_SHADOW_PAGE_FAULT] = fill,
    [EXIT_TRACE] = make_traced_store,
    [EXIT_CODE_READ] = read_code,
    [EXIT_CODE_WRITE] = write_code,
    [EXIT_ADAPTED] = make_adapted,
    [EXIT_TIMER] = trap_let_settle,
    [EXIT_SPIN] = spin,
    [EXIT_HYPERCALL] = serve_hypercall,
};

const struct technique technique_rewrite = {
    .open = rewrite_open,
    .close = rewrite_close,
    .boot = rewrite_boot,
    .enter = rewrite_enter,
    .leave = rewrite_take_vcpu,
    .settle = rewrite_settle,
    .resume = rewrite_resume,
    .go = guest_go_in_user_mode,
    .state_changed = rewrite_forget,
    .memory_changed = rewrite_memory_changed,
    .root = trap_root,
    .reason = reasons,
    .handle = handlers,
    .hypercalls = &guest_hypercalls,
    .hcall_cause = CAUSE_ILLEGAL_INSTRUCTION,
    .stored = rewrite_stored,
};
