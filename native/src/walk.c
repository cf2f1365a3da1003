/* Page walks, after isa/paging.py. */
#include <string.h>

#include "isa.h"
#include "walk.h"

static struct t64_walk failed(enum t64_walk_result result)
{
    return (struct t64_walk){.result = result, .gpa = {T64_NOWHERE}, .entry_at = {T64_NOWHERE}};
}

static bool canonical(t64_gva gva)
{
    u64 top = gva.at >> 38; /* bits 63..38 must be equal */
    return top == 0 || top == (T64_NOWHERE >> 38);
}

/* Is this leaf one that the mode and rights may use? */
static bool leaf_allows(u64 entry, u32 level, u32 rights, bool user)
{
    u64 below = (((u64)1 << (9 * level)) - 1) << 12; /* frame bits under the leaf's size */
    return !(entry & PTE_FRAME & below) && (entry & rights) == rights && (!user || (entry & PTE_U));
}

struct t64_walk walk(const struct t64_phys *phys, u64 ptbr, t64_gva gva, u32 rights, bool user)
{
    if (!(ptbr & PTBR_ENABLE)) {
        struct t64_walk direct = {.gpa = {gva.at}, .entry_at = {T64_NOWHERE}};
        return gva.at < phys->size ? direct : failed(WALK_ACCESS_FAULT);
    }
    if (!canonical(gva))
        return failed(WALK_PAGE_FAULT);
    u64 table = ptbr & PTBR_FRAME;
    for (u32 level = 2;; level--) {
        t64_gpa at = {table + ((gva.at >> (12 + 9 * level)) & 511) * 8};
        const u8 *bytes = phys_at(phys, at);
        if (!bytes)
            return failed(WALK_ACCESS_FAULT);
        u64 entry;
        memcpy(&entry, bytes, 8);
        if (!(entry & PTE_V) || (entry & PTE_RESERVED))
            return failed(WALK_PAGE_FAULT);
        if (entry & (PTE_R | PTE_W | PTE_X)) {
            if (!leaf_allows(entry, level, rights, user))
                return failed(WALK_PAGE_FAULT);
            u64 offset = gva.at & (((u64)1 << (12 + 9 * level)) - 1);
            struct t64_walk found = {
                .gpa = {(entry & PTE_FRAME) + offset}, .entry_at = at, .entry = entry, .level = level};
            return found.gpa.at < phys->size ? found : failed(WALK_ACCESS_FAULT);
        }
        if (level == 0 || (entry & (PTE_U | PTE_A | PTE_D)))
            return failed(WALK_PAGE_FAULT);
        table = entry & PTE_FRAME;
    }
}

u64 walk_marks(const struct t64_walk *found, u32 rights)
{
    if (found->entry_at.at == T64_NOWHERE)
        return 0;
    u64 wanted = PTE_A | (rights & ACCESS_STORE ? PTE_D : 0);
    return wanted & ~found->entry;
}
