/* Hypercalls about sharing frames with other domains, and about which there are. */
#include "monitor/hypercalls/calls.h"
#include "monitor/hypercalls/guest_copy.h"
#include "monitor/domain/direct_paging.h"

static struct t64_guest *other_domain(struct t64_guest *guest, u64 id)
{
    struct t64_guest *other = guest_of_domain(guest->host, id);
    return other && other != guest && other->domain ? other : NULL;
}

static struct grant *free_grant(struct t64_guest *guest)
{
    for (u32 i = 0; i < GRANTS; i++)
        if (!guest->domain->grants[i].domain)
            return &guest->domain->grants[i];
    return NULL;
}

int call_grant_access(struct t64_guest *guest, const u64 *args, u64 *result)
{
    bool writable = args[2] & GRANT_WRITABLE;
    struct grant *grant = free_grant(guest);
    if (args[2] & ~(u64)GRANT_WRITABLE)
        return -HYPERCALL_ERROR_INVAL;
    if (!other_domain(guest, args[0]))
        return -HYPERCALL_ERROR_NOENT;
    if (!tables_owns(guest, args[1]))
        return -HYPERCALL_ERROR_PERM;
    struct frame *frame = &guest->host->frames.all[args[1]];
    if (writable && frame->type <= FRAME_LEVEL2)
        return -HYPERCALL_ERROR_BUSY;
    if (!grant)
        return -HYPERCALL_ERROR_NOMEM;
    *grant = (struct grant){.domain = args[0], .frame = (u32)args[1], .writable = writable};
    frame->grants++;
    *result = (u64)(grant - guest->domain->grants);
    return CALL_DONE;
}

int call_grant_end(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    struct grant *grant = args[0] < GRANTS ? &guest->domain->grants[args[0]] : NULL;
    if (!grant || !grant->domain)
        return -HYPERCALL_ERROR_NOENT;
    if (grant->maps)
        return -HYPERCALL_ERROR_BUSY;
    grants_end(guest, grant);
    return 0;
}

/* Slot 511 of a root leads to the window's tables, which are no tables of the guest's. */
int call_grant_map(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    struct t64_guest *granter = other_domain(guest, args[0]);
    t64_hpa entry = tables_find_entry(guest, (t64_gva){args[2]});
    if (args[3] & ~(u64)GRANT_WRITABLE || entry.at == T64_NOWHERE)
        return -HYPERCALL_ERROR_INVAL;
    if (!granter)
        return -HYPERCALL_ERROR_NOENT;
    if (!tables_owns(guest, entry.at >> FRAME_SHIFT))
        return -HYPERCALL_ERROR_PERM;
    if (host_entry(guest->host, entry) & PTE_V)
        return -HYPERCALL_ERROR_BUSY;
    return grants_map(guest, granter, args[1], entry, args[3] & GRANT_WRITABLE);
}

int call_grant_unmap(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    t64_hpa entry = tables_find_entry(guest, (t64_gva){args[0]});
    if (entry.at == T64_NOWHERE || !grants_find(guest, entry))
        return -HYPERCALL_ERROR_NOENT;
    return tables_update(guest, entry, 0);
}

/* Domains. */

enum { DOMAIN_NEW, DOMAIN_STARTED, DOMAIN_ENDED, DOMAIN_FAULTED };

static u64 state_of(const struct t64_vm *vm)
{
    if (vm->halted)
        return vm->halted_as == T64_STOP_EXIT ? DOMAIN_ENDED : DOMAIN_FAULTED;
    return vm->state.retired ? DOMAIN_STARTED : DOMAIN_NEW;
}

/* The list of guests begins with the newest one. */
int call_domains(struct t64_guest *guest, const u64 *args, u64 *result)
{
    u64 number = 0;
    int error = call_check_list(args[0], args[1]);
    for (const struct t64_guest *other = guest->host->guests; other; other = other->next)
        number++;
    *result = number;
    host_note_work(guest->host, number * WORK_RECORD);
    for (struct t64_guest *other = guest->host->guests; other && !error; other = other->next) {
        struct t64_domain_record record = {guest_id(other), state_of(&other->vm), t64_guest_pages(&other->vm)};
        t64_gva at = {args[0] + --number * sizeof record};
        if (number < args[1] && !reach_write(guest, at, &record, sizeof record))
            error = -HYPERCALL_ERROR_FAULT;
    }
    return error;
}
