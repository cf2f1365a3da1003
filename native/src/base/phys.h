/* Physical memory of one computer: the one door to it. A guest's pages lie scattered in the host's RAM. */
#ifndef T64_PHYS_H
#define T64_PHYS_H

#include "base/types.h"

enum { PHYS_REGION_SHIFT = 16 }; /* 64 KiB of RAM, of which one byte says whether they were ever written to */

struct t64_phys {
    u8 *ram;           /* the machine's RAM, host-physical 0 */
    u64 ram_size;      /* bytes of it */
    u8 *touched;       /* for each region of it: 0, and its pages, the monitor's own aside, are all zero */
    u64 size;          /* bytes that this computer has */
    const u32 *frames; /* host frame of each of its pages, or NULL where gpa = hpa */
};

/* Where a physical page lies in the machine's RAM; the page must be within `size`. */
static inline t64_hpa phys_locate(const struct t64_phys *phys, t64_gpa gpa)
{
    if (!phys->frames)
        return (t64_hpa){gpa.at};
    return (t64_hpa){((u64)phys->frames[gpa.at >> 12] << 12) | (gpa.at & 4095)};
}

/* Where to write, in RAM: whoever changes what a computer sees of it, up to the end of the page, asks here. */
static inline u8 *phys_to_write(const struct t64_phys *phys, t64_hpa hpa)
{
    phys->touched[hpa.at >> PHYS_REGION_SHIFT] = 1;
    return phys->ram + hpa.at;
}

/* A page that its computer has given back to the host: it reads as zeros, and cannot be written. */
#define PHYS_HOLE (~(u32)0)

static inline bool phys_is_hole(const struct t64_phys *phys, t64_gpa gpa)
{
    return phys->frames && phys->frames[gpa.at >> 12] == PHYS_HOLE;
}

/* The bytes at gpa, valid to the end of its page; NULL outside the memory and in a hole. Not to be kept: a look, not a lease. */
static inline const u8 *phys_at(const struct t64_phys *phys, t64_gpa gpa)
{
    if (gpa.at >= phys->size || phys_is_hole(phys, gpa))
        return NULL;
    return phys->ram + phys_locate(phys, gpa).at;
}

/* The first page from `page` on that is not known to be all zero; T64_NOWHERE if there is none. */
u64 phys_next_touched(const struct t64_phys *phys, u64 page);

/* Does all of a range lie in the memory? */
static inline bool phys_holds(const struct t64_phys *phys, t64_gpa gpa, u64 size)
{
    return gpa.at <= phys->size && size <= phys->size - gpa.at;
}

/* Copy any range, page by page; false, and nothing copied, if it does not lie within the memory, or writing meets a hole. */
bool phys_read(const struct t64_phys *phys, t64_gpa gpa, void *buffer, u64 size);
bool phys_write(const struct t64_phys *phys, t64_gpa gpa, const void *buffer, u64 size);

#endif
