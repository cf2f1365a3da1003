/* Hypercalls: dispatch by number, and those that change the flow of control. */
#include "monitor/hypercalls/calls.h"

#include "monitor/hypercalls/hypercall.h"
#include "monitor/rings/rings.h"

enum { REGISTER_A0 = 10 };

static int control_iret(struct t64_guest *guest);
static int control_block(struct t64_guest *guest);
static int control_shutdown(struct t64_guest *guest);

static const struct {
    hypercall_function *call;                 /* ends with a result, */
    int (*control)(struct t64_guest *guest);  /* or returns an outcome */
    bool in_multicall, is_offered;
} rows[HYPERCALL_COUNT] = {
#define ROW(name, number, ...) [number] = {call_##name, NULL, __VA_ARGS__},
    T64_CALLS(ROW)
#undef ROW
#define ROW(name, number, ...) [number] = {NULL, control_##name, __VA_ARGS__},
    T64_CONTROL_CALLS(ROW)
#undef ROW
};

static bool exists(const struct t64_guest *guest, u64 number)
{
    return number < HYPERCALL_COUNT && (guest->domain || rows[number].is_offered);
}

u64 call_numbers(const struct t64_guest *guest)
{
    u64 numbers = 0;
    for (u32 number = 0; number < HYPERCALL_COUNT; number++)
        numbers |= (u64)exists(guest, number) << number;
    return numbers;
}

int call_nested(struct t64_guest *guest, u64 number, const u64 *args, u64 *result)
{
    if (!exists(guest, number) || !rows[number].call || !rows[number].in_multicall)
        return -HYPERCALL_ERROR_NOSYS;
    return rows[number].call(guest, args, result);
}

static int control_iret(struct t64_guest *guest)
{
    u64 status = *domain_shared(guest, SHARED_STATUS) & (STATUS_PIE | STATUS_PMODE);
    u32 mode = status & STATUS_PMODE ? DOMAIN_USER : DOMAIN_KERNEL;
    if (guest->domain->roots[mode] == FRAME_NONE)
        return guest_fault(guest, T64_FAULT_BAD_PAGE_TABLE, 0, 0);
    system_retire(&guest->vm);
    *domain_shared(guest, SHARED_STATUS) = status | (status & STATUS_PIE ? STATUS_IE : 0);
    guest->vm.state.pc = *domain_shared(guest, SHARED_EPC);
    domain_set_mode(guest, mode);
    return OUTCOME_SETTLE;
}

/* A wait that has ended stands behind its instruction, at the time when it did. Back to it, the time stays. */
static void wait_on(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    state->pc -= 4;
    state->retired--;
    state->skipped++;
}

static void wait_no_more(struct t64_guest *guest)
{
    struct t64_state *state = &guest->vm.state;
    state->pc += 4;
    state->retired++;
    state->skipped--;
}

enum look { LOOK_ENDS, LOOK_WAITS_ON, LOOK_AGAIN };

/* Was it but a request of the ring that was done, which nobody wants to hear of? */
static enum look look_what_came(struct t64_guest *guest)
{
    u64 now = vm_time(&guest->vm);
    if (!disk_ring_is_due(guest, now))
        return LOOK_ENDS;
    if (!disk_ring_advance(guest, now))
        return LOOK_AGAIN;
    bool came = system_pending(&guest->vm) & guest->vm.state.imask;
    return came || (guest->domain && domain_pending(guest) & IPEND_EVENT) ? LOOK_ENDS : LOOK_WAITS_ON;
}

/* After a wait has ended: does it end for the guest? False: it goes on waiting, or looking, if need be in the next run. */
static bool ends(struct t64_guest *guest, u64 *stage)
{
    enum look look = look_what_came(guest);
    *stage = look == LOOK_AGAIN;
    if (look != LOOK_ENDS)
        wait_on(guest);
    return look == LOOK_ENDS;
}

/* An outcome. At stage 1 time has been skipped already, in a run before. */
static int wait_or_look(struct t64_guest *guest, u64 *stage)
{
    do {
        if (*stage)
            wait_no_more(guest);
        else {
            struct t64_outcome outcome = system_execute(&guest->vm, hardware_state(guest)->x, T64_WORD_WFI);
            if (outcome.effect != T64_EFFECT_JUMP)
                return guest_outcome_of_effect(outcome.effect);
        }
        if (ends(guest, stage))
            return OUTCOME_SETTLE;
    } while (!host_is_spent(guest->host));
    return T64_STOP_WORK;
}

/* A wfi by another name: under full virtualization it is that, else under the mask of the shared page. */
static int wait_for_interrupt(struct t64_guest *guest)
{
    u64 *stage = &call_progress(guest)->stage;
    struct t64_state *state = &guest->vm.state;
    u64 imask = guest->domain ? *domain_shared(guest, SHARED_IMASK) : state->imask, kept = state->imask;
    if (!*stage && guest->domain && domain_pending(guest) & imask & IPEND_EVENT) {
        system_retire(&guest->vm);
        return OUTCOME_SETTLE;
    }
    state->imask = guest->domain ? domain_awaited(guest, imask) : imask;
    int outcome = wait_or_look(guest, stage);
    state->imask = kept;
    return outcome;
}

static int control_block(struct t64_guest *guest)
{
    int outcome = wait_for_interrupt(guest);
    if (!guest_comes_again(outcome))
        hardware_state(guest)->x[REGISTER_A0] = 0;
    return outcome;
}

static int control_shutdown(struct t64_guest *guest)
{
    u64 code = hardware_state(guest)->x[REGISTER_A0];
    port_out(&guest->vm.devices, vm_time(&guest->vm) + 1, PORT_POWER, code);
    system_retire(&guest->vm);
    system_power_off(&guest->vm);
    return T64_STOP_EXIT;
}

struct t64_call_progress *call_progress(struct t64_guest *guest)
{
    struct t64_call_progress *progress = &guest->vm.devices.rings.progress;
    const struct t64_state *state = &guest->vm.state;
    if (progress->pc != state->pc || progress->retired != state->retired)
        *progress = (struct t64_call_progress){.pc = state->pc, .retired = state->retired};
    return progress;
}

static int call_nothing(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)guest, (void)args, (void)result;
    return -HYPERCALL_ERROR_NOSYS;
}

static bool wants_settling(const struct t64_guest *guest)
{
    return guest->settles || (guest->domain && (guest->domain->flush || domain_interrupt_is_due(guest)));
}

static int call(struct t64_guest *guest, hypercall_function *function)
{
    u64 *x = hardware_state(guest)->x, result = 0;
    int come_to = function(guest, &x[REGISTER_A0], &result);
    if (call_is_stopped(come_to))
        return come_to;
    x[REGISTER_A0] = call_result(come_to, result);
    system_retire(&guest->vm);
    if (wants_settling(guest))
        return OUTCOME_SETTLE;
    guest_retired_one(guest);
    if (guest->domain)
        *domain_shared(guest, SHARED_TIME) = vm_time(&guest->vm);
    return OUTCOME_RESUME;
}

static u32 hypercall_under_way(const struct t64_guest *guest)
{
    const struct t64_call_progress *progress = &guest->vm.devices.rings.progress;
    bool here = progress->pc == guest->vm.state.pc && progress->retired == guest->vm.state.retired;
    bool may = guest->domain || hypercalls_are_offered(guest);
    return progress->word && here && may && is_hypercall(guest, (u32)progress->word) ? (u32)progress->word : 0;
}

static void forget(struct t64_guest *guest)
{
    rings_close(guest);
    guest->vm.devices.rings.progress = (struct t64_call_progress){0};
}

const struct guest_hypercalls guest_hypercalls = {
    .under_way = hypercall_under_way, .is_due = disk_ring_is_due, .advance = disk_ring_advance, .forget = forget};

/* A wait that a terminal may end is made anew, as wfi is: interrupts come before it. */
static bool stays_under_way(int outcome) { return guest_comes_again(outcome) && outcome != T64_STOP_WAIT; }

int hypercall_serve(struct t64_guest *guest)
{
    u32 word = (u32)guest->exit.trap.tval, number = word >> 12;
    hypercall_function *function = exists(guest, number) ? rows[number].call : call_nothing;
    int outcome = T64_LIKELY(function != NULL) ? call(guest, function) : rows[number].control(guest);
    guest->vm.devices.rings.progress.word = 0;
    if (stays_under_way(outcome)) {
        call_progress(guest)->word = word;
        guest->settles |= guest->domain && guest->domain->flush; /* which going on with it will have done by then */
    }
    guest->vm.calls[number < HYPERCALL_COUNT ? number : HYPERCALL_COUNT] += !guest_comes_again(outcome);
    return outcome;
}
