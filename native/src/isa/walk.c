/* Page walks, after isa/paging.py. */
#include <string.h>

#include "isa/walk_tables.h"

static enum t64_walk_result read_entry(void *memory, t64_gpa at, u32 level, u64 *entry)
{
    (void)level;
    const u8 *bytes = phys_at(memory, at);
    if (!bytes)
        return WALK_ACCESS_FAULT;
    memcpy(entry, bytes, 8);
    return WALK_OK;
}

struct t64_walk walk(const struct t64_phys *phys, u64 ptbr, t64_gva gva, u32 rights, bool user)
{
    return walk_tables(read_entry, (void *)phys, phys->size, ptbr, gva, rights, user);
}

void walk_to(struct t64_walk *found, const struct t64_phys *phys, u64 ptbr, t64_gva gva, u32 rights, bool user)
{
    struct t64_walk made = walk_tables(read_entry, (void *)phys, phys->size, ptbr, gva, rights, user);
    found->result = made.result;
    found->gpa = made.gpa;
    found->entry_at = made.entry_at;
    found->entry = made.entry;
    found->level = made.level;
}

u64 walk_marks(const struct t64_walk *found, u32 rights)
{
    if (found->entry_at.at == T64_NOWHERE)
        return 0;
    u64 wanted = PTE_A | (rights & ACCESS_STORE ? PTE_D : 0);
    return wanted & ~found->entry;
}
