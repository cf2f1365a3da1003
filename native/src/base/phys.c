/* Copying to and from a computer's physical memory, page by page. */
#include <string.h>

#include "base/phys.h"

static u64 run_in_page(t64_gpa gpa, u64 size)
{
    u64 left = 4096 - (gpa.at & 4095);
    return size < left ? size : left;
}

bool phys_read(const struct t64_phys *phys, t64_gpa gpa, void *buffer, u64 size)
{
    if (!phys_holds(phys, gpa, size))
        return false;
    for (u8 *to = buffer; size;) {
        u64 run = run_in_page(gpa, size);
        const u8 *from = phys_at(phys, gpa);
        if (from)
            memcpy(to, from, run);
        else
            memset(to, 0, run);
        gpa.at += run, to += run, size -= run;
    }
    return true;
}

u64 phys_next_touched(const struct t64_phys *phys, u64 page)
{
    const u64 in_region = ((u64)1 << PHYS_REGION_SHIFT) / 4096;
    while (page < phys->size >> 12) {
        t64_gpa gpa = {page << 12};
        if (!phys_is_hole(phys, gpa) && phys->touched[phys_locate(phys, gpa).at >> PHYS_REGION_SHIFT])
            return page;
        page = phys->frames ? page + 1 : (page | (in_region - 1)) + 1;
    }
    return T64_NOWHERE;
}

static bool has_hole(const struct t64_phys *phys, t64_gpa gpa, u64 size)
{
    for (u64 page = gpa.at >> 12; phys->frames && size && page <= (gpa.at + size - 1) >> 12; page++)
        if (phys->frames[page] == PHYS_HOLE)
            return true;
    return false;
}

bool phys_write(const struct t64_phys *phys, t64_gpa gpa, const void *buffer, u64 size)
{
    if (!phys_holds(phys, gpa, size) || has_hole(phys, gpa, size))
        return false;
    for (const u8 *from = buffer; size;) {
        u64 run = run_in_page(gpa, size);
        memcpy(phys_to_write(phys, phys_locate(phys, gpa)), from, run);
        gpa.at += run, from += run, size -= run;
    }
    return true;
}
