/* Traces: stores into the guest's own page tables, where they are shadowed, and what follows for the shadows. */
#include "monitor/shadow/shadow_tables.h"

/* So many stores in a row that change no mapping mean that the page is being cleared or used for something else. */
enum { CLEARING = 4 };

void shadow_untrace(struct shadow *shadow, u32 page)
{
    while (shadow_traces(shadow, page))
        table_zap(shadow, shadow->pages[page].tables);
}

static bool is_empty(const struct shadow *shadow, u32 page)
{
    u32 table = shadow->pages[page].tables;
    while (table != SHADOW_NONE && !shadow->tables[table].live)
        table = shadow->tables[table].next;
    return table == SHADOW_NONE;
}

/* What no kernel writes into a table that it uses. */
static bool is_malformed(const struct shadow *shadow, u64 entry)
{
    return (entry & PTE_V) && ((entry & PTE_RESERVED) || (entry & PTE_FRAME) >= shadow->vm->phys.size);
}

static bool is_clearing(struct shadow *shadow, u32 page, u64 old, u64 new)
{
    if (page != shadow->cleared_page || (old | new) & PTE_V)
        shadow->cleared_stores = 0;
    shadow->cleared_page = page;
    return ++shadow->cleared_stores > CLEARING && !((old | new) & PTE_V);
}

bool shadow_keeps_tracing(struct shadow *shadow, t64_gpa entry_at, u64 old, u64 new)
{
    u32 page = (u32)(entry_at.at >> FRAME_SHIFT);
    if (!is_empty(shadow, page) && !is_malformed(shadow, new) && !is_clearing(shadow, page, old, new))
        return true;
    shadow_untrace(shadow, page);
    return false;
}

void shadow_entry_changed(struct shadow *shadow, t64_gpa entry_at)
{
    u32 table = shadow->pages[entry_at.at >> FRAME_SHIFT].tables;
    for (; table != SHADOW_NONE; table = shadow->tables[table].next)
        entry_clear(shadow, table, entry_at.at % FRAME_SIZE / sizeof(u64));
}
