/* Hypercalls about how much memory the guest has (the balloon), and about time. */
#include "monitor/hypercalls/calls.h"
#include "monitor/hypercalls/guest_copy.h"

/* Nothing may lead to the frame any more; what the hardware remembers of it is forgotten before the guest goes on. */
static int give_back(struct t64_guest *guest, u64 page)
{
    if (page >= guest->pages || guest->frames[page] == FRAME_NONE)
        return -HYPERCALL_ERROR_INVAL;
    const struct frame *frame = &guest->host->frames.all[guest->frames[page]];
    if (frame->count || frame->mappings || frame->maps || frame->grants)
        return -HYPERCALL_ERROR_BUSY;
    host_give_back(guest->host, guest->frames[page]);
    guest->frames[page] = FRAME_NONE;
    guest->holes++;
    guest->domain->flush = true;
    return 0;
}

static int give_back_record(struct t64_guest *guest, t64_gva at)
{
    struct t64_reservation_record record;
    bool there = reach_read(guest, at, &record, sizeof record);
    return there ? give_back(guest, record.page) : -HYPERCALL_ERROR_FAULT;
}

/* The record is looked at in full before a frame is taken. */
static int get_record(struct t64_guest *guest, t64_gva at)
{
    struct t64_reservation_record record;
    if (!reach_allows(guest, at, sizeof record, ACCESS_STORE) || !reach_read(guest, at, &record, sizeof record))
        return -HYPERCALL_ERROR_FAULT;
    if (record.page >= guest->pages || guest->frames[record.page] != FRAME_NONE)
        return -HYPERCALL_ERROR_INVAL;
    if (t64_guest_pages(&guest->vm) >= guest->domain->target)
        return -HYPERCALL_ERROR_NOMEM;
    u32 frame = frames_take(&guest->host->frames, guest->owner, (u32)record.page);
    if (frame == FRAME_NONE)
        return -HYPERCALL_ERROR_NOMEM;
    guest->frames[record.page] = frame;
    guest->holes--;
    record.frame = frame;
    reach_write(guest, at, &record, sizeof record);
    return 0;
}

static int for_each(struct t64_guest *guest, const u64 *args, int (*one)(struct t64_guest *guest, t64_gva at))
{
    u64 *done = &call_progress(guest)->done;
    int error = call_check_list(args[0], args[1]);
    guest->settles = true; /* the shared page tells how many there are */
    while (!error && *done < args[1]) {
        if (host_is_spent(guest->host))
            return T64_STOP_WORK;
        error = one(guest, (t64_gva){args[0] + *done * sizeof(struct t64_reservation_record)});
        *done += !error;
        host_note_work(guest->host, WORK_PAGE);
    }
    return call_report_done(guest, args[2], *done, error);
}

int call_decrease_reservation(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    return for_each(guest, args, give_back_record);
}

int call_increase_reservation(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    return for_each(guest, args, get_record);
}

/* From the host. */

uint64_t t64_guest_target(t64_vm *vm) { return guest_of(vm)->domain ? guest_of(vm)->domain->target : guest_of(vm)->pages; }

int t64_guest_set_target(t64_vm *vm, uint64_t pages)
{
    struct t64_guest *guest = guest_of(vm);
    if (!guest->domain || pages > guest->pages)
        return T64_ERROR_VALUE;
    guest->domain->target = pages;
    *domain_shared(guest, SHARED_TARGET) = pages;
    events_raise_virqs(guest, (u64)1 << VIRQ_BALLOON);
    domain_tell(guest);
    return T64_OK;
}

/* Time. */

enum { TIME_VIRTUAL, TIME_REAL, TIME_WALL };

int call_time(struct t64_guest *guest, const u64 *args, u64 *result)
{
    switch (args[0]) {
    case TIME_VIRTUAL:
        *result = vm_time(&guest->vm);
        return CALL_DONE;
    case TIME_REAL:
        *result = guest_real_time(guest);
        return CALL_DONE;
    case TIME_WALL:
        *result = guest->vm.devices.clock_base + guest_real_time(guest);
        return CALL_DONE;
    default:
        return -HYPERCALL_ERROR_INVAL;
    }
}
