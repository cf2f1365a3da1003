/* Reaching: what recompiled code accesses where it has not asked yet, without anything that could be told from the interpreter's. */
#include <string.h>

#include "engine/access.h"
#include "engine/marks.h"
#include "engine/recompiler/internal.h"

/* Was anything recompiled from these bytes? */
static bool is_recompiled(struct t64_cpu *cpu, t64_hpa hpa, u64 size)
{
    const struct code_page *page = code_of(cpu->code, hpa.at >> 12);
    u32 offset = (u32)(hpa.at & 4095);
    return page && recompiler_covers(page, offset >> 2, (offset + (u32)size + 3) >> 2);
}

/* Mark the leaf, unless what was recompiled would change. */
static bool mark_quietly(struct t64_cpu *cpu, const struct t64_walk *found, enum t64_access access)
{
    u64 marks = walk_marks(found, access);
    if (marks && is_recompiled(cpu, phys_locate(&cpu->vm->phys, found->entry_at), 8))
        return false;
    mark_entry(cpu, found, marks);
    return true;
}

/* Translate a page for uses that are certain to follow; not where it holds code, which the store TLB never has. */
static bool fill_quietly(struct t64_cpu *cpu, u64 gva, u32 uses)
{
    u32 rights = (uses & EXTENT_LOAD ? ACCESS_LOAD : 0) | (uses & EXTENT_STORE ? ACCESS_STORE : 0);
    cpu->vm->work[T64_WORK_WALKS]++;
    struct t64_walk found = access_walk(cpu, gva, rights);
    if (found.result != WALK_OK)
        return false;
    t64_hpa hpa = phys_locate(&cpu->vm->phys, found.gpa);
    if ((uses & EXTENT_STORE && code_of(cpu->code, hpa.at >> 12)) || !mark_quietly(cpu, &found, rights))
        return false;
    const struct t64_phys *phys = &cpu->vm->phys;
    const u8 *bytes = uses & EXTENT_STORE ? phys_to_write(phys, hpa) : phys->ram + hpa.at;
    if (uses & EXTENT_LOAD)
        access_fill(cpu, &access_tlb(cpu)->load[tlb_slot(gva)], gva, bytes);
    if (uses & EXTENT_STORE)
        access_fill(cpu, &access_tlb(cpu)->store[tlb_slot(gva)], gva, bytes);
    return true;
}

/* An extent with all these bytes. One that has to be translated first must have them on one page: that of the next may fault. */
static const struct extent *extent_for(struct t64_cpu *cpu, u64 gva, u64 bytes, u32 uses)
{
    struct extents *extents = tlb_extents(&cpu->tlbs, vm_in_user_mode(cpu->vm), uses);
    const struct extent *extent = extent_find(extents, gva, bytes);
    if (extent)
        return extent;
    extent = extent_make(extents, access_tlb(cpu), uses, gva);
    if (!extent && (gva & 4095) + bytes <= 4096 && fill_quietly(cpu, gva, uses))
        extent = extent_make(extents, access_tlb(cpu), uses, gva);
    return extent && gva - extent->gva + bytes <= extent->size ? extent : NULL;
}

static bool fill_site(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what)
{
    u32 uses = what & 3, power = what >> 8 & 255;
    u64 bytes = what >> 16 & 0xffff;
    region->misses++;
    cpu->vm->work[T64_WORK_REACHES]++;
    const struct extent *extent = gva & (((u64)1 << power) - 1) ? NULL : extent_for(cpu, gva, bytes, uses);
    if (!extent)
        return false;
    u64 site = what >> 32;
    region->sites[site] = (struct region_site){.gva = extent->gva, .addend = extent->addend};
    region->counts[region->site_count - 1 - site] = ((extent->size - bytes) >> power) + 1;
    return true;
}

static bool store_slowly(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what, u64 value)
{
    u64 size = (u64)1 << (what >> 8 & 255);
    if (fill_site(cpu, region, gva, what)) {
        memcpy((u8 *)(uintptr_t)(region->sites[what >> 32].addend + gva), &value, size);
        return true;
    }
    struct t64_vm *vm = cpu->vm;
    struct t64_walk found = access_walk(cpu, gva, ACCESS_STORE);
    if (gva & (size - 1) || found.result != WALK_OK)
        return false;
    t64_hpa hpa = phys_locate(&vm->phys, found.gpa);
    if (is_recompiled(cpu, hpa, size) || !mark_quietly(cpu, &found, ACCESS_STORE))
        return false;
    memcpy(phys_to_write(&vm->phys, hpa), &value, size);
    vm->work[T64_WORK_CODE_STORES]++;
    code_changed(cpu->code, hpa, size);
    return true;
}

bool recompiler_reach(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what)
{
    bool is_lap = access_begins(cpu), reached = fill_site(cpu, region, gva, what);
    access_ends(cpu, is_lap);
    return reached;
}

bool recompiler_store(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what, u64 value)
{
    bool is_lap = access_begins(cpu), stored = store_slowly(cpu, region, gva, what, value);
    access_ends(cpu, is_lap);
    return stored;
}
