/* Shadow page tables: a flush clears the leaves that were filled and keeps the tables above, for they fill again. */
#include "shadow.h"

#include "constants.h"

#include <stdlib.h>
#include <string.h>

/* So many tables map every page of the guest in both roots once, and leave some room for odd places. */
static u32 tables_wanted(u32 pages) { return 4 * SHADOW_TABLES_MINIMUM + pages / 128; }

static bool take_table(struct shadow *shadow)
{
    u32 frame = host_take_frame(shadow->host);
    if (frame != FRAME_NONE)
        shadow->tables[shadow->taken++] = frame;
    return frame != FRAME_NONE;
}

bool shadow_open(struct shadow *shadow, struct t64_host *host, u32 pages)
{
    *shadow = (struct shadow){.host = host, .roots = {FRAME_NONE, FRAME_NONE}, .capacity = tables_wanted(pages)};
    shadow->tables = calloc(shadow->capacity, sizeof *shadow->tables);
    shadow->filled = calloc(SHADOW_FILLED_MAX, sizeof *shadow->filled);
    if (!shadow->tables || !shadow->filled)
        return false;
    /* Enough for one instruction's fetch and access, whatever the other guests take: it can always go on. */
    while (shadow->taken < SHADOW_TABLES_MINIMUM)
        if (!take_table(shadow))
            return false;
    return true;
}

void shadow_close(struct shadow *shadow)
{
    for (u32 i = 0; i < shadow->taken; i++)
        host_give_back(shadow->host, shadow->tables[i]);
    free(shadow->tables);
    free(shadow->filled);
}

/* Take the whole structure down; its frames stay. */
static void clear_tables(struct shadow *shadow)
{
    for (u32 i = 0; i < shadow->used; i++)
        memset(frames_bytes(&shadow->host->frames, shadow->tables[i]), 0, FRAME_SIZE);
    shadow->used = shadow->fills = 0;
    shadow->roots[0] = shadow->roots[1] = FRAME_NONE;
    host_use_no_root(shadow->host); /* one that is gone must not pass for the one in use */
}

static bool has_tables(const struct shadow *shadow, u32 count)
{
    return shadow->used + count <= shadow->taken;
}

/* Have `count` unused tables ready: new frames, or, where none are to be had, all the old ones. */
static void provide_tables(struct shadow *shadow, u32 count)
{
    while (!has_tables(shadow, count) && shadow->taken < shadow->capacity && take_table(shadow))
        ;
    if (!has_tables(shadow, count))
        clear_tables(shadow);
}

static u32 use_table(struct shadow *shadow) { return shadow->tables[shadow->used++]; }

u32 shadow_root(struct shadow *shadow, u32 mode)
{
    if (shadow->roots[mode] == FRAME_NONE) {
        provide_tables(shadow, 1);
        shadow->roots[mode] = use_table(shadow);
    }
    return shadow->roots[mode];
}

static t64_hpa entry_at(u64 table, t64_gva gva, u32 level)
{
    u32 index = gva.at >> (PAGE_SHIFT + PAGE_INDEX_BITS * level) & (PAGE_ENTRIES - 1);
    return (t64_hpa){(table & PTE_FRAME) + 8 * index};
}

/* Where the leaf for gva stands, making the tables above it; there must be enough of them. */
static t64_hpa make_leaf(struct shadow *shadow, u32 root, t64_gva gva)
{
    u64 table = frame_address(root).at;
    for (u32 level = PAGE_LEVELS - 1; level > 0; level--) {
        u64 *entry = host_entry(shadow->host, entry_at(table, gva, level));
        if (!*entry)
            *entry = frame_address(use_table(shadow)).at | PTE_V;
        table = *entry;
    }
    return entry_at(table, gva, 0);
}

static void note_fill(struct shadow *shadow, t64_hpa leaf)
{
    if (shadow->fills < SHADOW_FILLED_MAX)
        shadow->filled[shadow->fills] = leaf;
    shadow->fills += shadow->fills <= SHADOW_FILLED_MAX;
}

void shadow_map(struct shadow *shadow, u32 mode, t64_gva gva, t64_hpa frame, u64 rights)
{
    provide_tables(shadow, PAGE_LEVELS);
    t64_hpa leaf = make_leaf(shadow, shadow_root(shadow, mode), gva);
    if (!*host_entry(shadow->host, leaf))
        note_fill(shadow, leaf);
    /* The hardware's own marks are of no use here, so that it never has to write them. */
    *host_entry(shadow->host, leaf) = (frame.at & PTE_FRAME) | rights | PTE_V | PTE_U | PTE_A | PTE_D;
}

void shadow_flush(struct shadow *shadow)
{
    if (shadow->fills > SHADOW_FILLED_MAX) {
        clear_tables(shadow);
        return;
    }
    for (u32 i = 0; i < shadow->fills; i++)
        *host_entry(shadow->host, shadow->filled[i]) = 0;
    shadow->fills = 0;
    cpu_flush(shadow->host->cpu);
}

/* The leaf of gva under a root; NOWHERE if a table on the way is missing. */
static t64_hpa find_leaf(struct shadow *shadow, u32 root, t64_gva gva)
{
    u64 table = frame_address(root).at;
    for (u32 level = PAGE_LEVELS - 1; level > 0; level--) {
        table = *host_entry(shadow->host, entry_at(table, gva, level));
        if (!table)
            return (t64_hpa){T64_NOWHERE};
    }
    return entry_at(table, gva, 0);
}

void shadow_flush_page(struct shadow *shadow, t64_gva gva)
{
    for (u32 mode = 0; mode < SHADOW_ROOTS; mode++) {
        if (shadow->roots[mode] == FRAME_NONE)
            continue;
        t64_hpa leaf = find_leaf(shadow, shadow->roots[mode], gva);
        if (leaf.at != T64_NOWHERE)
            *host_entry(shadow->host, leaf) = 0;
    }
    cpu_flush_page(shadow->host->cpu, gva);
}
