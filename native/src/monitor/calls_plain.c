/* Hypercalls about the interface itself, traps, time, and many calls in one. */
#include "calls.h"
#include "reach.h"

#include <string.h>

enum { VERSION_OF_INTERFACE, VERSION_CALLS };

i64 call_version(struct t64_guest *guest, const u64 *args)
{
    switch (args[0]) {
    case VERSION_OF_INTERFACE:
        return HYPERCALL_VERSION_MAJOR << 16 | HYPERCALL_VERSION_MINOR;
    case VERSION_CALLS:
        return (i64)call_numbers(guest);
    default:
        return -HYPERCALL_ERROR_INVAL;
    }
}

i64 call_set_timer(struct t64_guest *guest, const u64 *args)
{
    guest->vm.state.timecmp = args[0];
    guest->para->pending &= ~IPEND_TIMER; /* a new deadline that has passed already is an event of its own */
    *para_shared(guest, SHARED_TIMECMP) = args[0];
    guest->settles = true;
    return 0;
}

/* Settling delivers what is pending, after others had their turn where the guest shares its host. */
i64 call_yield(struct t64_guest *guest, const u64 *args)
{
    (void)args;
    guest->vm.yielded = guest->vm.yields;
    guest->settles = true;
    return 0;
}

/* Lists. */

i64 call_check_list(u64 list, u64 count)
{
    if (count > MAXIMUM_RECORDS)
        return -HYPERCALL_ERROR_TOOBIG;
    return list % sizeof(u64) ? -HYPERCALL_ERROR_FAULT : 0;
}

i64 call_report_done(struct t64_guest *guest, u64 done, u64 count, i64 result)
{
    if (!done)
        return result;
    bool told = done % sizeof count == 0 && reach_write(guest, (t64_gva){done}, &count, sizeof count);
    return told || result ? result : -HYPERCALL_ERROR_FAULT;
}

/* Traps. */

/* PARA_HANDLERS if there is no such cause. */
static u32 handler_index(u64 cause)
{
    if (cause == TRAP_ANY)
        return PARA_HANDLER_ANY;
    if (cause_is_interrupt(cause))
        return (cause ^ CAUSE_TIMER) < PARA_INTERRUPTS ? PARA_EXCEPTIONS + (u32)cause : PARA_HANDLERS;
    return cause && cause <= CAUSE_STORE_ACCESS_FAULT ? (u32)cause : PARA_HANDLERS;
}

enum { TRAP_KEEPS_INTERRUPTS = 1 };

static i64 add_handler(struct para_handler *handlers, const struct t64_trap_record *record)
{
    u32 index = handler_index(record->cause);
    if (index == PARA_HANDLERS || record->flags & ~(u64)TRAP_KEEPS_INTERRUPTS)
        return -HYPERCALL_ERROR_INVAL;
    handlers[index] = (struct para_handler){record->handler, true, record->flags & TRAP_KEEPS_INTERRUPTS};
    return 0;
}

/* The table is replaced as a whole, or not at all. */
i64 call_set_trap_table(struct t64_guest *guest, const u64 *args)
{
    struct para_handler handlers[PARA_HANDLERS] = {0};
    i64 error = call_check_list(args[0], args[1]);
    for (u64 i = 0; !error && i < args[1]; i++) {
        struct t64_trap_record record;
        bool there = reach_read(guest, (t64_gva){args[0] + i * sizeof record}, &record, sizeof record);
        error = there ? add_handler(handlers, &record) : -HYPERCALL_ERROR_FAULT;
    }
    if (error)
        return error;
    memcpy(guest->para->handlers, handlers, sizeof handlers);
    *para_shared(guest, SHARED_TVEC) = handlers[PARA_HANDLER_ANY].address;
    return 0;
}

/* Many calls in one. */

static i64 make_one(struct t64_guest *guest, t64_gva at)
{
    struct t64_multicall_record record;
    if (!reach_read(guest, at, &record, sizeof record))
        return -HYPERCALL_ERROR_FAULT;
    i64 result = call_by_number(guest, record.number, &record.a0, true);
    if (call_is_stopped(result))
        return result;
    call_progress(guest)->bytes = 0;
    at.at += offsetof(struct t64_multicall_record, result);
    bool told = reach_write(guest, at, &result, sizeof result);
    return told || result < 0 ? result : -HYPERCALL_ERROR_FAULT;
}

i64 call_multicall(struct t64_guest *guest, const u64 *args)
{
    struct t64_call_progress *progress = call_progress(guest);
    i64 result = call_check_list(args[0], args[1]);
    while (result >= 0 && progress->calls < args[1]) {
        result = make_one(guest, (t64_gva){args[0] + progress->calls * sizeof(struct t64_multicall_record)});
        progress->calls += result >= 0;
    }
    if (call_is_stopped(result))
        return result;
    return call_report_done(guest, args[2], progress->calls, result < 0 ? result : 0);
}
