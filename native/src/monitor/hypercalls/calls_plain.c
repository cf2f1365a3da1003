/* Hypercalls about the interface itself, traps, time, and many calls in one. */
#include "monitor/hypercalls/calls.h"
#include "monitor/hypercalls/guest_copy.h"

#include <string.h>

enum { VERSION_OF_INTERFACE, VERSION_CALLS };

int call_version(struct t64_guest *guest, const u64 *args, u64 *result)
{
    switch (args[0]) {
    case VERSION_OF_INTERFACE:
        *result = HYPERCALL_VERSION_MAJOR << 16 | HYPERCALL_VERSION_MINOR;
        return CALL_DONE;
    case VERSION_CALLS:
        *result = call_numbers(guest);
        return CALL_DONE;
    default:
        return -HYPERCALL_ERROR_INVAL;
    }
}

int call_set_timer(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    guest->vm.state.timecmp = args[0];
    guest->domain->pending &= ~IPEND_TIMER; /* a new deadline that has passed already is an event of its own */
    *domain_shared(guest, SHARED_TIMECMP) = args[0];
    guest->settles = true;
    return 0;
}

/* Settling delivers what is pending, after others had their turn where the guest shares its host. */
int call_yield(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)args, (void)result;
    guest->vm.yielded = guest->vm.yields;
    guest->settles = true;
    return 0;
}

/* Lists. */

int call_check_list(u64 list, u64 count)
{
    if (count > MAXIMUM_RECORDS)
        return -HYPERCALL_ERROR_TOOBIG;
    return list % sizeof(u64) ? -HYPERCALL_ERROR_FAULT : 0;
}

int call_report_done(struct t64_guest *guest, u64 done, u64 count, int error)
{
    if (!done)
        return error;
    bool told = done % sizeof count == 0 && reach_write(guest, (t64_gva){done}, &count, sizeof count);
    return told || error ? error : -HYPERCALL_ERROR_FAULT;
}

/* Traps. */

/* DOMAIN_HANDLERS if there is no such cause. */
static u32 handler_index(u64 cause)
{
    if (cause == TRAP_ANY)
        return DOMAIN_HANDLER_ANY;
    if (cause_is_interrupt(cause))
        return (cause ^ CAUSE_TIMER) < DOMAIN_INTERRUPTS ? DOMAIN_EXCEPTIONS + (u32)cause : DOMAIN_HANDLERS;
    return cause && cause <= CAUSE_STORE_ACCESS_FAULT ? (u32)cause : DOMAIN_HANDLERS;
}

enum { TRAP_KEEPS_INTERRUPTS = 1 };

static int add_handler(struct domain_handler *handlers, const struct t64_trap_record *record)
{
    u32 index = handler_index(record->cause);
    if (index == DOMAIN_HANDLERS || record->flags & ~(u64)TRAP_KEEPS_INTERRUPTS)
        return -HYPERCALL_ERROR_INVAL;
    handlers[index] = (struct domain_handler){record->handler, true, record->flags & TRAP_KEEPS_INTERRUPTS};
    return 0;
}

_Static_assert(MAXIMUM_RECORDS * WORK_RECORD <= WORK_PIECE / 2, "a trap table is taken at a stretch");

/* The table is replaced as a whole, or not at all. */
int call_set_trap_table(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    struct domain_handler handlers[DOMAIN_HANDLERS] = {0};
    int error = call_check_list(args[0], args[1]);
    for (u64 i = 0; !error && i < args[1]; i++) {
        struct t64_trap_record record;
        bool there = reach_read(guest, (t64_gva){args[0] + i * sizeof record}, &record, sizeof record);
        error = there ? add_handler(handlers, &record) : -HYPERCALL_ERROR_FAULT;
    }
    if (error)
        return error;
    host_note_work(guest->host, args[1] * WORK_RECORD);
    memcpy(guest->domain->handlers, handlers, sizeof handlers);
    *domain_shared(guest, SHARED_TVEC) = handlers[DOMAIN_HANDLER_ANY].address;
    return 0;
}

/* Many calls in one. */

static int make_one(struct t64_guest *guest, t64_gva at)
{
    struct t64_call_progress *progress = call_progress(guest);
    if (!progress->nested && !reach_read(guest, at, &progress->call, sizeof progress->call))
        return -HYPERCALL_ERROR_FAULT;
    progress->nested = 1;
    u64 result = 0;
    int come_to = call_nested(guest, progress->call.number, &progress->call.a0, &result);
    if (call_is_stopped(come_to))
        return come_to;
    progress->nested = progress->done = progress->stage = 0;
    result = call_result(come_to, result);
    at.at += offsetof(struct t64_multicall_record, result);
    bool told = reach_write(guest, at, &result, sizeof result);
    return told || come_to < 0 ? come_to : -HYPERCALL_ERROR_FAULT;
}

int call_multicall(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    struct t64_call_progress *progress = call_progress(guest);
    int come_to = call_check_list(args[0], args[1]);
    while (come_to == CALL_DONE && progress->calls < args[1]) {
        come_to = make_one(guest, (t64_gva){args[0] + progress->calls * sizeof(struct t64_multicall_record)});
        progress->calls += come_to == CALL_DONE;
        guest->vm.work[T64_WORK_LISTED_CALLS] += come_to == CALL_DONE;
        host_note_work(guest->host, WORK_CALL);
        if (come_to == CALL_DONE && progress->calls < args[1] && host_is_spent(guest->host))
            come_to = T64_STOP_WORK;
    }
    return call_is_stopped(come_to) ? come_to : call_report_done(guest, args[2], progress->calls, come_to);
}
