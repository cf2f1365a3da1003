/* Running a guest, exit by exit. What a technique does at an exit is in its table. */
#include "monitor/guest/guest.h"

#include <string.h>

void guest_set_alarm(struct t64_guest *guest, struct t64_instant event)
{
    struct t64_state *hardware = hardware_state(guest);
    u64 ticks = event.time - vm_time(&guest->vm);
    /* Beyond the end of the hardware's own time, which no host lives to see, it may be left out. */
    bool reachable = event.comes && ticks < T64_NOWHERE - hardware->retired;
    hardware->timecmp = reachable ? hardware->retired + ticks : T64_NOWHERE;
}

void guest_step(struct t64_guest *guest)
{
    system_retire(&guest->vm);
    guest_retired_one(guest);
}

/* A jal that links does so each time. */
static void link_spin(struct t64_guest *guest)
{
    u64 *x = hardware_state(guest)->x;
    u32 word = (u32)guest->exit.trap.tval;
    if (word_opcode(word) == T64_OPCODE_JAL && word_rd(word))
        x[word_rd(word)] = guest->vm.state.pc + 4;
}

void guest_spin(struct t64_guest *guest, struct t64_instant event)
{
    struct t64_state *state = &guest->vm.state;
    /* By distance, for time may start again from 0 before the event. */
    u64 left = guest->until - state->retired, wait = event.time - vm_time(&guest->vm);
    if (event.comes && !wait)
        return;
    state->retired += event.comes && wait < left ? wait : left;
    state->fresh = 0;
    link_spin(guest);
}

int guest_fault(struct t64_guest *guest, enum t64_fault fault, u64 cause, u64 tval)
{
    system_fault(&guest->vm, fault, cause, guest->vm.state.pc, tval);
    return T64_STOP_FAULT;
}

/* What the public header shows of the last exit: filled when a run ends, for most exits are never looked at. */
static void show_exit(struct t64_guest *guest)
{
    const struct exit_cause *exit = &guest->exit;
    u64 cause = exit->trap.cause;
    bool has_word = exit->event == CPU_SPIN || cause == CAUSE_PRIVILEGED_INSTRUCTION ||
                    cause == CAUSE_ILLEGAL_INSTRUCTION || (cause >= GUEST_EXIT_INSTRUCTION && cause <= GUEST_EXIT_SPIN) ||
                    exit->reason == guest_sensitive_reason(exit->word);
    guest->vm.exit = (struct t64_exit){
        .reason = exit->reason,
        .word = has_word ? exit->word : 0,
        .pc = exit->pc,
        .cause = cause,
        .tval = exit->trap.tval,
        .gpa = exit->gpa,
        .retired = exit->retired,
    };
}

/* Is the guest where it was at the last exit? */
static bool has_not_moved(const struct t64_guest *guest)
{
    return guest->exit.pc == guest->vm.state.pc && guest->exit.retired == guest->vm.state.retired;
}

static inline int handle(struct t64_guest *guest)
{
    u32 reason = guest->exit.reason, word = guest->exit.word;
    int outcome = guest->technique->handle[reason](guest);
    guest->exit_comes_again = guest_comes_again(outcome) && has_not_moved(guest); /* code may have been stepped first */
    if (!guest->exit_comes_again)
        guest_count_exit(guest, word, 1);
    if (T64_UNLIKELY(outcome == OUTCOME_RESUME && host_is_spent(guest->host)))
        return guest->vm.state.retired < guest->until ? T64_STOP_WORK : T64_STOP_LIMIT; /* it is through, and nothing need be settled */
    return outcome;
}

static const u8 sensitive_reasons[128] = {T64_EXIT_BY_OPCODE};

u32 guest_sensitive_reason(u32 word) { return sensitive_reasons[word_opcode(word)]; }

u32 guest_exception_reason(struct t64_guest *guest)
{
    (void)guest;
    return EXIT_EXCEPTION;
}

u32 guest_syscall_reason(struct t64_guest *guest)
{
    (void)guest;
    return EXIT_SYSCALL;
}

/* Why it exited. Only the timer interrupts the hardware; what exceptions mean is the technique's affair. */
static u32 find_reason(struct t64_guest *guest)
{
    u64 cause = guest->exit.trap.cause;
    if (T64_UNLIKELY(guest->exit.event == CPU_SPIN))
        return EXIT_SPIN;
    return cause_is_interrupt(cause) ? EXIT_TIMER : guest->technique->reason[cause](guest);
}

/* Is it to be shown, and was not before? */
static bool is_for_observers(struct t64_guest *guest, bool is_same)
{
    return guest->vm.observed >> guest->exit.reason & 1 && !(is_same && guest->exit_comes_again);
}

static inline int meet_exit(struct t64_guest *guest, int event, const struct t64_trap *trap)
{
    struct exit_cause *exit = &guest->exit;
    const struct t64_state *state = &guest->vm.state;
    bool is_same = has_not_moved(guest);
    exit->event = event;
    exit->trap.cause = exit->raises = t64_alone(trap->cause);
    exit->trap.tval = t64_alone(trap->tval);
    exit->word = (u32)exit->trap.tval;
    exit->gpa = T64_NOWHERE;
    exit->pc = t64_alone(state->pc);
    exit->retired = t64_alone(state->retired);
    exit->reason = find_reason(guest);
    if (T64_UNLIKELY(is_for_observers(guest, is_same))) {
        guest->exit_waits = true;
        return T64_STOP_OBSERVED;
    }
    return handle(guest);
}

/* Take over what the hardware has done since the last look at it. */
static void catch_up(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    const struct t64_state *hardware = hardware_state(guest);
    u64 retired = t64_alone(hardware->retired), ran = retired - guest->seen;
    guest->seen = retired;
    state->retired += ran;
    state->fresh &= ran == 0;
    state->pc = t64_alone(hardware->pc);
}

/* An exit handled in place: most need the hardware's loop neither left nor entered again. */
static bool serve_in_place(void *monitor, const struct t64_trap *trap, u64 *until)
{
    struct t64_guest *guest = monitor;
    catch_up(guest);
    u64 before = guest->vm.state.retired;
    int outcome = meet_exit(guest, CPU_TRAP, trap);
    *until -= guest->vm.state.retired - before;
    guest->served = outcome;
    return outcome == OUTCOME_RESUME;
}

/* The same, and how long it takes. */
static bool serve_with_stopwatch(void *monitor, const struct t64_trap *trap, u64 *until)
{
    struct t64_guest *guest = monitor;
    struct stopwatch *watch = guest->vm.stopwatch;
    lap_begins(watch, T64_LAP_LOOKS);
    bool goes_on = serve_in_place(guest, trap, until);
    watch->kind = T64_LAP_EXITS + guest->exit.reason;
    if (goes_on)
        lap_ends(watch);
    return goes_on;
}

int guest_go_in_user_mode(struct t64_guest *guest)
{
    u64 before = hardware_state(guest)->retired;
    u64 budget = guest->until - guest->vm.state.retired;
    u64 limit = budget > T64_NOWHERE - before ? T64_NOWHERE : before + budget;
    guest->seen = before;
    cpu_set_gate(guest->host->cpu, T64_UNLIKELY(guest->vm.stopwatch) ? serve_with_stopwatch : serve_in_place, guest);
    int event = cpu_run(guest->host->cpu, limit);
    if (event != CPU_SERVED)
        catch_up(guest);
    return event;
}

/* Up to the next exit, which is handled. */
static int run_to_exit(struct t64_guest *guest)
{
    if (T64_UNLIKELY(guest->vm.stopwatch != NULL)) /* the lap that runs is the last exit's */
        guest->vm.stopwatch->kind = T64_LAP_EXITS + guest->exit.reason;
    int event = guest->technique->go(guest);
    if (T64_LIKELY(event == CPU_SERVED))
        return guest->served;
    return T64_UNLIKELY(event >= 0) ? event : meet_exit(guest, event, cpu_trap(guest->host->cpu));
}

/* What looks on goes along with the guest. */
static void lend_instruments(struct t64_guest *guest)
{
    guest->host->hardware.stopwatch = guest->vm.stopwatch;
    struct modelled_tlb *tlb = guest->host->hardware.modelled_tlb = guest->vm.modelled_tlb;
    if (tlb)
        tlb->direct = guest->technique->pages_directly;
}

static void enter(struct t64_guest *guest)
{
    struct t64_state *hardware = hardware_state(guest);
    memcpy(hardware->x, guest->vm.state.x, sizeof hardware->x);
    hardware->pc = guest->vm.state.pc;
    lend_instruments(guest);
    guest->technique->enter(guest);
}

static u32 call_under_way(const struct t64_guest *guest)
{
    const struct guest_hypercalls *hypercalls = guest->technique->hypercalls;
    return hypercalls ? hypercalls->under_way(guest) : 0;
}

static bool ring_works(const struct t64_guest *guest) { return disk_ring_works(&guest->vm.devices.rings.disk); }

static bool ring_is_due(const struct t64_guest *guest)
{
    return ring_works(guest) && guest->technique->hypercalls->is_due(guest, vm_time(&guest->vm));
}

static bool advance_ring(struct t64_guest *guest)
{
    return !ring_works(guest) || guest->technique->hypercalls->advance(guest, vm_time(&guest->vm));
}

bool guest_has_to_settle(const struct t64_guest *guest)
{
    return ring_is_due(guest) || guest->vm.yielded || host_is_spent(guest->host);
}

/* What the hardware did since the last run was for this guest. */
static void take_over_work(struct t64_guest *guest)
{
    u64 *work = guest->host->hardware.work;
    for (u32 kind = 0; kind < T64_WORK_COUNT; kind++)
        guest->vm.work[kind] += work[kind];
    memset(work, 0, sizeof guest->host->hardware.work);
}

/* While a hypercall is under way nothing comes due: a doorbell among its calls counts from when it has retired, a tick from now. */
static void leave(struct t64_guest *guest)
{
    if (!call_under_way(guest))
        advance_ring(guest);
    guest->technique->leave(guest);
    take_over_work(guest);
    guest->host->hardware.modelled_tlb = NULL;
    guest->host->hardware.stopwatch = NULL;
    show_exit(guest);
    memcpy(guest->vm.state.x, hardware_state(guest)->x, sizeof guest->vm.state.x);
}

/* The limit comes before any interrupt; so does giving way. What time has brought comes first, for the host may look. */
static int settle(struct t64_guest *guest)
{
    guest->unsettled = true;
    if (!advance_ring(guest))
        return T64_STOP_WORK;
    if (guest->vm.state.retired >= guest->until)
        return T64_STOP_LIMIT;
    if (guest->vm.yielded)
        return T64_STOP_YIELD;
    if (host_is_spent(guest->host))
        return T64_STOP_WORK;
    guest->unsettled = guest->settles = false;
    return guest->technique->settle(guest);
}

static bool is_page_fault(const struct exit_cause *exit)
{
    u64 cause = exit->trap.cause;
    return exit->event == CPU_TRAP && (cause == CAUSE_FETCH_PAGE_FAULT || cause == CAUSE_LOAD_PAGE_FAULT ||
                                       cause == CAUSE_STORE_PAGE_FAULT);
}

/* The observer may have written to page tables: what they said then is not to be acted on. */
static int handle_observed(struct t64_guest *guest)
{
    if (is_page_fault(&guest->exit)) {
        guest->exit.raises = guest->exit.trap.cause;
        guest->exit.reason = find_reason(guest);
    }
    return handle(guest);
}

/* The hypercall that is under way is all that the exit was about, whoever had it before a snapshot. */
static int go_on_with_call(struct t64_guest *guest, u32 word)
{
    const struct t64_state *state = &guest->vm.state;
    int outcome = guest->technique->resume(guest);
    guest->exit = (struct exit_cause){
        .event = CPU_TRAP,
        .reason = EXIT_HYPERCALL,
        .word = word,
        .trap = {guest->technique->hcall_cause, word},
        .pc = state->pc,
        .retired = state->retired,
        .gpa = T64_NOWHERE,
    };
    return outcome < 0 ? handle(guest) : outcome;
}

/* What the last run left to be done: a hypercall; what time has brought; an exit that an observer has seen, unless the guest was
 * moved away meanwhile. */
static int begin(struct t64_guest *guest)
{
    bool handles = guest->exit_waits && guest->exit.pc == guest->vm.state.pc;
    u32 call = call_under_way(guest);
    guest->exit_waits = false;
    if (call)
        return go_on_with_call(guest, call);
    if (guest->technique->abandon)
        guest->technique->abandon(guest);
    if (guest->unsettled || ring_is_due(guest))
        return OUTCOME_SETTLE;
    int outcome = guest->technique->resume(guest);
    return outcome < 0 && handles ? handle_observed(guest) : outcome;
}

int guest_run(struct t64_vm *vm, u64 until)
{
    struct t64_guest *guest = guest_of(vm);
    if (vm->state.retired >= until && (call_under_way(guest) || !ring_is_due(guest)))
        return T64_STOP_LIMIT;
    guest->until = until;
    guest->began = vm->state.retired;
    guest_serve(guest);
    enter(guest);
    guest->host->work = 0;
    int outcome = begin(guest);
    while (outcome < 0) {
        if (outcome == OUTCOME_SETTLE)
            outcome = settle(guest);
        if (outcome < 0)
            outcome = run_to_exit(guest);
    }
    leave(guest);
    guest->host->real_time = guest_real_time(guest);
    guest->began = vm->state.retired;
    return outcome;
}
