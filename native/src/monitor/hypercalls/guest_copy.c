/* A paravirtual guest's memory by virtual address, walked as the hardware would in the guest's place. */
#include "monitor/hypercalls/guest_copy.h"

#include "monitor/domain/domain.h"

#include <string.h>

/* An unmodified guest names guest-physical addresses. */
static t64_hpa reach_physical(const struct t64_guest *guest, u64 at)
{
    return at < guest->vm.phys.size ? phys_locate(&guest->vm.phys, (t64_gpa){at}) : (t64_hpa){T64_NOWHERE};
}

t64_hpa reach(struct t64_guest *guest, t64_gva gva, u32 rights)
{
    if (!guest->domain)
        return reach_physical(guest, gva.at);
    struct t64_walk found = domain_walk(guest, gva, rights);
    if (found.result != WALK_OK)
        return (t64_hpa){T64_NOWHERE};
    u64 marks = walk_marks(&found, rights);
    if (marks)
        host_store_entry(guest->host, (t64_hpa){found.entry_at.at}, found.entry | marks); /* of the machine, whose gpa is hpa */
    return (t64_hpa){found.gpa.at};
}

static u64 run_in_page(t64_gva gva, u64 size)
{
    u64 left = FRAME_SIZE - (gva.at & (FRAME_SIZE - 1));
    return size < left ? size : left;
}

bool reach_read(struct t64_guest *guest, t64_gva gva, void *buffer, u64 size)
{
    for (u8 *to = buffer; size;) {
        u64 run = run_in_page(gva, size);
        t64_hpa at = reach(guest, gva, ACCESS_LOAD);
        if (at.at == T64_NOWHERE)
            return false;
        memcpy(to, host_bytes(guest->host, at), run);
        gva.at += run, to += run, size -= run;
    }
    return true;
}

bool reach_write(struct t64_guest *guest, t64_gva gva, const void *buffer, u64 size)
{
    for (const u8 *from = buffer; size;) {
        u64 run = run_in_page(gva, size);
        t64_hpa at = reach(guest, gva, ACCESS_STORE);
        if (at.at == T64_NOWHERE)
            return false;
        if (guest->domain)
            host_store(guest->host, at, from, run);
        else
            guest_write(guest, (t64_gpa){gva.at}, from, run);
        gva.at += run, from += run, size -= run;
    }
    return true;
}

bool reach_allows(struct t64_guest *guest, t64_gva gva, u64 size, u32 rights)
{
    while (size) {
        u64 run = run_in_page(gva, size);
        bool there = guest->domain ? domain_walk(guest, gva, rights).result == WALK_OK
                                 : reach_physical(guest, gva.at).at != T64_NOWHERE;
        if (!there)
            return false;
        gva.at += run, size -= run;
    }
    return true;
}
