/* The audit of shadow tables: what they map is the guest's, says no more than its own tables do, and is in the monitor's books. */
#include "world.h"

#include "monitor/rewrite/rewriting.h"
#include "monitor/shadow/shadow_tables.h"

#include <string.h>

enum { TABLES_MAXIMUM = 4096 };
#define RIGHTS ((u64)(PTE_R | PTE_W | PTE_X))

/* What is counted of all tables. */
struct recount {
    u32 leaves, pointers;
};

static void find_free(const struct shadow *shadow, bool *is_free)
{
    memset(is_free, 0, TABLES_MAXIMUM * sizeof *is_free);
    for (u32 table = shadow->free_table; table != SHADOW_NONE; table = shadow->tables[table].next)
        is_free[table] = true;
}

static u64 entry_of_guest(const struct t64_guest *guest, u32 page, u32 index)
{
    u64 entry = 0;
    phys_read(&guest->vm.phys, (t64_gpa){((u64)page << FRAME_SHIFT) + 8 * index}, &entry, sizeof entry);
    return entry;
}

static bool is_leaf(u64 entry) { return entry & PTE_V && entry & RIGHTS; }

/* A leaf of the guest's own tables that a shadow stands for, or what one would be under a large one: its page and rights. */
static const char *check_origin(const struct t64_guest *guest, const struct shadow_table *table, u32 index, u32 page, u64 rights)
{
    if (table->kind == SHADOW_OF_ADDRESSES)
        return NULL; /* as the hardware's own cache: out of date until the guest flushes it */
    if (table->kind == SHADOW_OF_NOTHING)
        return "a shadow maps what the guest does not";
    if (table->kind == SHADOW_OF_PAGES)
        return page == table->page + index && !(rights & ~(u64)table->rights) ? NULL : "a shadow under a large leaf maps another page, or allows more";
    u64 entry = entry_of_guest(guest, table->page, index);
    if (!is_leaf(entry) || (entry & PTE_FRAME) >> FRAME_SHIFT != page)
        return "a shadow maps a page that the guest's table does not";
    if (!(entry & PTE_A) || (table->mode && !(entry & PTE_U)))
        return "a shadow maps a page before it was accessed, or for users where it is the kernel's";
    return rights & ~shadow_rights(entry) ? "a shadow allows more than the guest's entry, or a store before D is set" : NULL;
}

/* A frame of the guest's, or a copy of its code, which may only run. */
static const char *check_frame(const struct t64_guest *guest, u32 mode, u64 entry)
{
    const struct frame *frame = &guest->host->frames.all[(entry & PTE_FRAME) >> FRAME_SHIFT];
    if (frame->owner == guest->owner) {
        bool guarded = is_guarded(guest, (entry & PTE_FRAME) >> FRAME_SHIFT);
        return entry & PTE_W && guarded ? "a shadow allows stores to a table, or to code that was scanned" : NULL;
    }
    const struct rewritten_page *pages = guest->rewriting ? guest->rewriting->pages : NULL;
    bool is_copy = pages && frame->owner == FRAME_MONITOR && frame->page < guest->pages &&
                   pages[frame->page].copy[mode] == (entry & PTE_FRAME) >> FRAME_SHIFT;
    return is_copy && (entry & RIGHTS) == PTE_X ? NULL : "a shadow maps a frame that is not the guest's";
}

static const char *check_leaf(const struct t64_guest *guest, const struct shadow_table *table, u32 index, u64 entry)
{
    const struct shadow *shadow = &guest->shadow;
    u64 number = (entry & PTE_FRAME) >> FRAME_SHIFT;
    if (number >= guest->host->frames.total)
        return "a shadow maps what is no memory";
    if (number == shadow->window)
        return table->mode == 0 && (table->holds_window || !shadow->cached) ? NULL : "the window stands where the guest's users, or others, reach it";
    const char *wrong = check_frame(guest, table->mode, entry);
    return wrong ? wrong : check_origin(guest, table, index, shadow_named(shadow, entry), entry & RIGHTS);
}

static const char *check_pointer(const struct t64_guest *guest, const struct shadow_table *table, u32 index, u64 entry, const bool *is_free)
{
    const struct shadow *shadow = &guest->shadow;
    u32 child = shadow_named(shadow, entry);
    if (child >= shadow->used || is_free[child] || frame_address(shadow->tables[child].frame).at != (entry & PTE_FRAME))
        return "a shadow leads to what is no shadow table";
    const struct shadow_table *below = &shadow->tables[child];
    if (below->level + 1 != table->level || below->mode != table->mode || entry & (RIGHTS | PTE_U))
        return "a shadow leads to a table of another level or mode";
    if (table->kind != SHADOW_OF_TABLE || (below->holds_window && below->kind == SHADOW_OF_NOTHING))
        return NULL;
    u64 own = entry_of_guest(guest, table->page, index);
    bool same = own & PTE_V && (own & PTE_FRAME) >> FRAME_SHIFT == below->page;
    if (below->kind == SHADOW_OF_TABLE)
        return same && !is_leaf(own) ? NULL : "a shadow leads to the shadow of another table than the guest's entry does";
    return same && is_leaf(own) && !(below->rights & ~shadow_rights(own)) ? NULL : "a shadow under a large leaf allows more than the guest's entry";
}

static const char *check_table(const struct t64_guest *guest, u32 number, const bool *is_free, struct recount *counts)
{
    const struct shadow_table *table = &guest->shadow.tables[number];
    const u64 *entries = shadow_entry(&guest->shadow, number, 0);
    u32 live = 0;
    for (u32 index = 0; index < PAGE_ENTRIES; index++) {
        if (!entries[index])
            continue;
        live++;
        const char *wrong = table->level ? check_pointer(guest, table, index, entries[index], is_free)
                                         : check_leaf(guest, table, index, entries[index]);
        if (wrong)
            return wrong;
    }
    counts->leaves += table->level ? 0 : live;
    counts->pointers += table->level ? live : 0;
    return live == table->live ? NULL : "the count of a shadow table's entries is not a recount's";
}

/* Every link stands for an entry that leads where its list does; there are as many as entries, so that none is missing. */
static const char *check_links(const struct shadow *shadow, const bool *is_free, const struct recount *counts)
{
    u32 leaves = 0, pointers = 0;
    for (u32 page = 0; page <= shadow->window_page; page++)
        for (u32 link = shadow->pages[page].mappings; link != LINK_NONE; link = link_at(&shadow->links, link)->next) {
            const struct link *place = link_at(&shadow->links, link);
            u64 entry = *shadow_entry(shadow, place->table, place->index);
            if (++leaves > counts->leaves || is_free[place->table] || !entry || shadow_named(shadow, entry) != page)
                return "the reverse map has a leaf that is not there";
        }
    for (u32 table = 0; table < shadow->used; table++)
        for (u32 link = is_free[table] ? LINK_NONE : shadow->tables[table].parents; link != LINK_NONE; link = link_at(&shadow->links, link)->next) {
            const struct link *place = link_at(&shadow->links, link);
            u64 entry = *shadow_entry(shadow, place->table, place->index);
            if (++pointers > counts->pointers || is_free[place->table] || !entry || shadow_named(shadow, entry) != table)
                return "a shadow table knows a parent that is not there";
        }
    if (leaves != counts->leaves || (shadow->cached && pointers != counts->pointers))
        return "the reverse map lacks an entry of a shadow table";
    return leaves + pointers == shadow->links.taken ? NULL : "the count of links is not a recount's";
}

const char *audit_shadow(const struct t64_guest *guest)
{
    static bool is_free[TABLES_MAXIMUM];
    const struct shadow *shadow = &guest->shadow;
    struct recount counts = {0, 0};
    find_free(shadow, is_free);
    for (u32 table = 0; table < shadow->used; table++) {
        const char *wrong = is_free[table] ? NULL : check_table(guest, table, is_free, &counts);
        if (wrong)
            return wrong;
    }
    for (u32 mode = 0; mode < SHADOW_MODES; mode++)
        if (shadow->roots[mode] != SHADOW_NONE && (is_free[shadow->roots[mode]] || shadow->tables[shadow->roots[mode]].mode != mode))
            return "a root is no shadow table, or one of the other mode";
    return check_links(shadow, is_free, &counts);
}
