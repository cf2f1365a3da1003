/* Shadow tables and the links between them: what the files about shadow paging share. */
#ifndef T64_SHADOW_TABLES_H
#define T64_SHADOW_TABLES_H

#include "monitor/host/constants.h"
#include "monitor/shadow/shadow.h"

static inline u32 shadow_index(t64_gva gva, u32 level)
{
    return gva.at >> (PAGE_SHIFT + PAGE_INDEX_BITS * level) & (PAGE_ENTRIES - 1);
}

static inline u64 *shadow_entry(const struct shadow *shadow, u32 table, u32 index)
{
    return frames_own(&shadow->host->frames, shadow->tables[table].frame) + index;
}

/* Whose frame an entry names: the monitor numbers its shadow tables, a guest's frames and their copies know their page. */
static inline u32 shadow_named(const struct shadow *shadow, u64 entry)
{
    return shadow->host->frames.all[(entry & PTE_FRAME) >> FRAME_SHIFT].page;
}

bool pool_open(struct shadow *shadow, u32 pages);
void pool_close(struct shadow *shadow);

/* Have room for one more mapping, clearing everything if need be; says whether it was. */
bool pool_provide(struct shadow *shadow);
void pool_clear(struct shadow *shadow);
void pool_clear_leaves(struct shadow *shadow); /* where they are by address */

/* Of this shape (frame, next, parents and live are set here), in the list of its page if it is cached by it. */
u32 table_new(struct shadow *shadow, struct shadow_table shape);
/* The one of this shape, or SHADOW_NONE. */
u32 table_find(const struct shadow *shadow, const struct shadow_table *shape);
/* Take a table out of everything that leads to it. */
void table_zap(struct shadow *shadow, u32 table);

/* Make an entry lead to a table, or map a page; what it held before is let go. */
void entry_point(struct shadow *shadow, u32 table, u32 index, u32 child);
void entry_map(struct shadow *shadow, u32 table, u32 index, u32 page, u64 leaf);
void entry_clear(struct shadow *shadow, u32 table, u32 index);

#endif
