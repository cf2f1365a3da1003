/* Finding extents and putting them together. */
#include "engine/extent.h"

#include <stddef.h>

#include "engine/tlb.h"

const struct extent *extent_find(const struct extents *extents, u64 gva, u64 bytes)
{
    for (u32 n = 0; n < extents->count; n++) {
        const struct extent *extent = &extents->of[n];
        u64 distance = gva - extent->gva;
        if (distance < extent->size && extent->size - distance >= bytes)
            return extent;
    }
    return NULL;
}

static bool has(const struct tlb *tlb, u32 uses, u64 page, u64 addend)
{
    const struct tlb_data *load = &tlb->load[tlb_slot(page)], *store = &tlb->store[tlb_slot(page)];
    return (!(uses & EXTENT_LOAD) || (load->tag == page && load->addend == addend)) &&
           (!(uses & EXTENT_STORE) || (store->tag == page && store->addend == addend));
}

/* Take in another one that it overlaps or touches. All is modulo 2^64. */
static bool join(struct extent *extent, struct extent *other)
{
    u64 behind = extent->gva - other->gva, before = other->gva - extent->gva;
    if (!other->size || other->addend != extent->addend || (behind > other->size && before > extent->size))
        return false;
    if (behind <= other->size) {
        extent->gva = other->gva;
        extent->size += behind;
        extent->size = extent->size > other->size ? extent->size : other->size;
    } else {
        extent->size = extent->size > before + other->size ? extent->size : before + other->size;
    }
    other->size = 0;
    return true;
}

static bool join_others(struct extents *extents, struct extent *extent)
{
    bool any = false;
    for (u32 n = 0; n < extents->count; n++)
        any |= join(extent, &extents->of[n]);
    return any;
}

static bool grow(struct extent *extent, const struct tlb *tlb, u32 uses)
{
    u64 size = extent->size;
    while (has(tlb, uses, extent->gva + extent->size, extent->addend))
        extent->size += 4096;
    while (has(tlb, uses, extent->gva - 4096, extent->addend)) {
        extent->gva -= 4096;
        extent->size += 4096;
    }
    return extent->size != size;
}

/* Large ones stay and grow, until they hold all that a program works with. */
static struct extent *smallest(struct extents *extents)
{
    struct extent *found = &extents->of[0];
    for (u32 n = 1; n < EXTENTS; n++)
        found = extents->of[n].size < found->size ? &extents->of[n] : found;
    return found;
}

const struct extent *extent_make(struct extents *extents, const struct tlb *tlb, u32 uses, u64 gva)
{
    u64 page = gva & ~(u64)4095;
    u64 addend = uses & EXTENT_STORE ? tlb->store[tlb_slot(gva)].addend : tlb->load[tlb_slot(gva)].addend;
    if (!has(tlb, uses, page, addend))
        return NULL;
    struct extent made = {page, 4096, addend};
    while (grow(&made, tlb, uses) || join_others(extents, &made))
        ;
    struct extent *place = extents->count < EXTENTS ? &extents->of[extents->count++] : smallest(extents);
    *place = made;
    return place;
}
