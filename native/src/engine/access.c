/* Loads, stores and fetches that the soft TLBs do not answer. */
#include <string.h>

#include "engine/engine.h"
#include "engine/recompiler/recompiler.h"
#include "isa.h"

/* The causes of one kind of access stand in one order: misaligned, page fault, access fault. */
static u64 cause_of(enum t64_walk_result result, u64 misaligned)
{
    if (result == WALK_NESTED_FAULT)
        return GUEST_EXIT_NESTED_FAULT;
    return misaligned + (result == WALK_PAGE_FAULT ? 1 : 2);
}
_Static_assert(CAUSE_LOAD_PAGE_FAULT == CAUSE_LOAD_MISALIGNED + 1 && CAUSE_LOAD_ACCESS_FAULT == CAUSE_LOAD_MISALIGNED + 2 &&
                   CAUSE_STORE_PAGE_FAULT == CAUSE_STORE_MISALIGNED + 1 &&
                   CAUSE_STORE_ACCESS_FAULT == CAUSE_STORE_MISALIGNED + 2 &&
                   CAUSE_FETCH_PAGE_FAULT == CAUSE_FETCH_MISALIGNED + 1 &&
                   CAUSE_FETCH_ACCESS_FAULT == CAUSE_FETCH_MISALIGNED + 2,
               "causes are computed");

void mark_entry(struct t64_cpu *cpu, const struct t64_walk *found, u64 marks)
{
    if (!marks)
        return;
    u64 entry = found->entry | marks;
    phys_write(&cpu->vm->phys, found->entry_at, &entry, 8);
    code_changed(cpu->code, phys_locate(&cpu->vm->phys, found->entry_at), 8);
}

/* What is found may be kept. */
static struct t64_walk walk_for(struct t64_cpu *cpu, u64 gva, enum t64_access access)
{
    struct t64_vm *vm = cpu->vm;
    struct t64_walk found = T64_UNLIKELY(cpu->guest != NULL)
                                ? guest_walk(cpu, (t64_gva){gva}, access)
                                : walk(&vm->phys, vm->state.ptbr, (t64_gva){gva}, access, vm_in_user_mode(vm));
    superpages_keep(&cpu->tlbs.superpages, (t64_gva){gva}, found.level);
    return found;
}

/* Walk for an access and mark the leaf; 0 or the cause. */
static u64 translate(struct t64_cpu *cpu, u64 gva, enum t64_access access, u64 misaligned, t64_hpa *hpa)
{
    struct t64_vm *vm = cpu->vm;
    struct t64_walk found = walk_for(cpu, gva, access);
    if (found.result != WALK_OK)
        return cause_of(found.result, misaligned);
    mark_entry(cpu, &found, walk_marks(&found, access));
    *hpa = phys_locate(&vm->phys, found.gpa);
    return 0;
}

static struct tlb *current(struct t64_cpu *cpu) { return &cpu->tlbs.mode[vm_in_user_mode(cpu->vm)]; }

static void fill(struct t64_cpu *cpu, struct tlb_data *entry, u64 gva, const u8 *bytes)
{
    entry->addend = (u64)(uintptr_t)bytes - gva;
    tlb_fill(&cpu->tlbs, &entry->tag, gva & ~(u64)4095);
}

u64 access_load(struct t64_cpu *cpu, u64 gva, u32 size, u64 *value)
{
    if (gva & (size - 1))
        return CAUSE_LOAD_MISALIGNED;
    t64_hpa hpa;
    u64 cause = translate(cpu, gva, ACCESS_LOAD, CAUSE_LOAD_MISALIGNED, &hpa);
    if (cause)
        return cause;
    const u8 *bytes = cpu->vm->phys.ram + hpa.at;
    *value = 0;
    memcpy(value, bytes, size);
    fill(cpu, &current(cpu)->load[tlb_slot(gva)], gva, bytes);
    return 0;
}

u64 access_store(struct t64_cpu *cpu, u64 gva, u32 size, u64 value)
{
    if (gva & (size - 1))
        return CAUSE_STORE_MISALIGNED;
    t64_hpa hpa;
    u64 cause = translate(cpu, gva, ACCESS_STORE, CAUSE_STORE_MISALIGNED, &hpa);
    if (cause)
        return cause;
    u8 *bytes = phys_to_write(&cpu->vm->phys, hpa);
    memcpy(bytes, &value, size);
    if (code_of(cpu->code, hpa.at >> 12))
        code_changed(cpu->code, hpa, size);
    else
        fill(cpu, &current(cpu)->store[tlb_slot(gva)], gva, bytes);
    return 0;
}

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
    struct t64_walk found = walk_for(cpu, gva, rights);
    if (found.result != WALK_OK)
        return false;
    t64_hpa hpa = phys_locate(&cpu->vm->phys, found.gpa);
    if ((uses & EXTENT_STORE && code_of(cpu->code, hpa.at >> 12)) || !mark_quietly(cpu, &found, rights))
        return false;
    const struct t64_phys *phys = &cpu->vm->phys;
    const u8 *bytes = uses & EXTENT_STORE ? phys_to_write(phys, hpa) : phys->ram + hpa.at;
    if (uses & EXTENT_LOAD)
        fill(cpu, &current(cpu)->load[tlb_slot(gva)], gva, bytes);
    if (uses & EXTENT_STORE)
        fill(cpu, &current(cpu)->store[tlb_slot(gva)], gva, bytes);
    return true;
}

/* An extent with all these bytes. One that has to be translated first must have them on one page: that of the next may fault. */
static const struct extent *extent_for(struct t64_cpu *cpu, u64 gva, u64 bytes, u32 uses)
{
    struct extents *extents = tlb_extents(&cpu->tlbs, vm_in_user_mode(cpu->vm), uses);
    const struct extent *extent = extent_find(extents, gva, bytes);
    if (extent)
        return extent;
    extent = extent_make(extents, current(cpu), uses, gva);
    if (!extent && (gva & 4095) + bytes <= 4096 && fill_quietly(cpu, gva, uses))
        extent = extent_make(extents, current(cpu), uses, gva);
    return extent && gva - extent->gva + bytes <= extent->size ? extent : NULL;
}

bool access_reach_quietly(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what)
{
    u32 uses = what & 3, power = what >> 8 & 255;
    u64 bytes = what >> 16 & 0xffff;
    region->misses++;
    const struct extent *extent = gva & (((u64)1 << power) - 1) ? NULL : extent_for(cpu, gva, bytes, uses);
    if (!extent)
        return false;
    u64 site = what >> 32;
    region->sites[site] = (struct region_site){.gva = extent->gva, .addend = extent->addend};
    region->counts[region->site_count - 1 - site] = ((extent->size - bytes) >> power) + 1;
    return true;
}

bool access_store_quietly(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what, u64 value)
{
    u64 size = (u64)1 << (what >> 8 & 255);
    if (access_reach_quietly(cpu, region, gva, what)) {
        memcpy((u8 *)(uintptr_t)(region->sites[what >> 32].addend + gva), &value, size);
        return true;
    }
    struct t64_vm *vm = cpu->vm;
    struct t64_walk found = walk_for(cpu, gva, ACCESS_STORE);
    if (gva & (size - 1) || found.result != WALK_OK)
        return false;
    t64_hpa hpa = phys_locate(&vm->phys, found.gpa);
    if (is_recompiled(cpu, hpa, size) || !mark_quietly(cpu, &found, ACCESS_STORE))
        return false;
    memcpy(phys_to_write(&vm->phys, hpa), &value, size);
    code_changed(cpu->code, hpa, size);
    return true;
}

static struct code_page *new_code(struct t64_cpu *cpu, u64 frame)
{
    bool evicted;
    struct code_page *page = code_new(cpu->code, frame, &evicted);
    if (evicted)
        tlb_drop_code(cpu->code->engines, page);
    tlb_protect(cpu->code->engines, cpu->vm->phys.ram + (frame << 12));
    return page;
}

u64 access_fetch(struct t64_cpu *cpu, u64 pc, struct code_page **page)
{
    if (pc & 3)
        return CAUSE_FETCH_MISALIGNED;
    struct tlb_fetch *entry = &current(cpu)->fetch[tlb_slot(pc)];
    if (T64_LIKELY(entry->tag == (pc & ~(u64)4095))) {
        *page = entry->page;
        return 0;
    }
    t64_hpa hpa;
    u64 cause = translate(cpu, pc, ACCESS_FETCH, CAUSE_FETCH_MISALIGNED, &hpa);
    if (cause)
        return cause;
    *page = code_of(cpu->code, hpa.at >> 12);
    if (!*page)
        *page = new_code(cpu, hpa.at >> 12);
    (*page)->recent = true;
    entry->page = *page;
    tlb_fill(&cpu->tlbs, &entry->tag, pc & ~(u64)4095);
    return 0;
}
