/* A guest's memory as its devices reach it, by guest-physical address: under every technique in the same way. */
#include "monitor/guest/guest.h"

/* A paravirtual guest's tables change by hypercall alone, and what it has given back is not there. */
static bool allows_page(const struct t64_guest *guest, u32 page, bool writes)
{
    u32 number = guest->frames[page];
    return number != FRAME_NONE && !(writes && guest->host->frames.all[number].type <= FRAME_LEVEL2);
}

bool guest_allows(const struct t64_guest *guest, t64_gpa gpa, u64 size, bool writes)
{
    if (!size || gpa.at >= guest->vm.phys.size || size > guest->vm.phys.size - gpa.at)
        return false;
    for (u64 page = gpa.at >> FRAME_SHIFT; page <= (gpa.at + size - 1) >> FRAME_SHIFT; page++)
        if (!allows_page(guest, (u32)page, writes))
            return false;
    return true;
}

void guest_write(struct t64_guest *guest, t64_gpa gpa, const void *buffer, u64 size)
{
    t64_vm_write(&guest->vm, gpa.at, buffer, size);
}
