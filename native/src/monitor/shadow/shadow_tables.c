/* The pool of shadow tables: each knows the entries that lead to it, each page the leaves that map it. */
#include "monitor/shadow/shadow_tables.h"

#include <stdlib.h>
#include <string.h>

/* For one mapping: a root, two tables below it, as many on the way to the window; a link for each and for the leaf. */
enum { TABLES_FOR_ONE = 5, LINKS_FOR_ONE = 6 };

/* So many tables map every page of the guest in both modes, and some dozens of address spaces. */
static u32 tables_wanted(u32 pages) { return 128 + pages / 32; }

static bool take_frame(struct shadow *shadow)
{
    u32 frame = frames_take(&shadow->host->frames, FRAME_MONITOR, shadow->taken);
    if (frame != FRAME_NONE)
        shadow->tables[shadow->taken++].frame = frame;
    return frame != FRAME_NONE;
}

static void forget_pages(struct shadow *shadow)
{
    memset(shadow->pages, 0xFF, (shadow->window_page + 1) * sizeof *shadow->pages); /* SHADOW_NONE everywhere */
}

bool pool_open(struct shadow *shadow, u32 pages)
{
    shadow->window_page = pages;
    shadow->capacity = tables_wanted(pages);
    shadow->tables = calloc(shadow->capacity, sizeof *shadow->tables);
    shadow->pages = calloc(pages + 1, sizeof *shadow->pages);
    shadow->free_table = SHADOW_NONE;
    if (!shadow->tables || !shadow->pages || !links_open(&shadow->links, pages))
        return false;
    superpages_clear(&shadow->superpages);
    forget_pages(shadow);
    while (shadow->taken < SHADOW_TABLES_MINIMUM)
        if (!take_frame(shadow))
            return false;
    return true;
}

void pool_close(struct shadow *shadow)
{
    for (u32 i = 0; i < shadow->taken; i++)
        host_give_back(shadow->host, shadow->tables[i].frame);
    free(shadow->tables);
    links_close(&shadow->links);
    free(shadow->pages);
}

void pool_clear(struct shadow *shadow)
{
    for (u32 i = 0; i < shadow->used; i++)
        memset(shadow_entry(shadow, i, 0), 0, FRAME_SIZE);
    shadow->used = 0;
    shadow->free_table = SHADOW_NONE;
    shadow->roots[0] = shadow->roots[1] = SHADOW_NONE;
    links_forget(&shadow->links);
    superpages_clear(&shadow->superpages);
    forget_pages(shadow);
    host_use_no_root(shadow->host); /* one that is gone must not pass for the one in use */
}

static u32 free_tables(const struct shadow *shadow)
{
    u32 count = shadow->taken - shadow->used;
    for (u32 table = shadow->free_table; table != SHADOW_NONE && count < TABLES_FOR_ONE; table = shadow->tables[table].next)
        count++;
    return count;
}

bool pool_provide(struct shadow *shadow)
{
    while (free_tables(shadow) < TABLES_FOR_ONE && shadow->taken < shadow->capacity && take_frame(shadow))
        ;
    if (free_tables(shadow) >= TABLES_FOR_ONE && links_left(&shadow->links) >= LINKS_FOR_ONE)
        return false;
    pool_clear(shadow);
    return true;
}

/* Entries. */

static void let_go(struct shadow *shadow, u32 table, u32 index, u64 entry)
{
    if (!shadow->tables[table].level) {
        link_remove(&shadow->links, &shadow->pages[shadow_named(shadow, entry)].mappings, table, index);
        return;
    }
    struct shadow_table *child = &shadow->tables[shadow_named(shadow, entry)];
    link_remove(&shadow->links, &child->parents, table, index);
    /* Nobody would find it again. */
    if (child->parents == SHADOW_NONE && child->kind != SHADOW_OF_TABLE)
        table_zap(shadow, shadow_named(shadow, entry));
}

void entry_clear(struct shadow *shadow, u32 table, u32 index)
{
    u64 *entry = shadow_entry(shadow, table, index), old = *entry;
    if (!old)
        return;
    *entry = 0;
    shadow->tables[table].live--;
    let_go(shadow, table, index, old);
}

void entry_point(struct shadow *shadow, u32 table, u32 index, u32 child)
{
    entry_clear(shadow, table, index);
    *shadow_entry(shadow, table, index) = frame_address(shadow->tables[child].frame).at | PTE_V;
    shadow->tables[table].live++;
    if (shadow->cached)
        link_add(&shadow->links, &shadow->tables[child].parents, table, index);
}

void entry_map(struct shadow *shadow, u32 table, u32 index, u32 page, u64 leaf)
{
    u64 *entry = shadow_entry(shadow, table, index);
    if (*entry && shadow_named(shadow, *entry) != page)
        entry_clear(shadow, table, index);
    if (!*entry) {
        shadow->tables[table].live++;
        link_add(&shadow->links, &shadow->pages[page].mappings, table, index);
    }
    *entry = leaf;
}

/* Tables. */

u32 table_new(struct shadow *shadow, struct shadow_table shape)
{
    u32 number = shadow->free_table;
    shadow->host->hardware.work[T64_WORK_SHADOW_TABLES]++;
    if (number == SHADOW_NONE)
        number = shadow->used++;
    else
        shadow->free_table = shadow->tables[number].next;
    struct shadow_table *table = &shadow->tables[number];
    shape.frame = table->frame;
    shape.parents = shape.next = SHADOW_NONE;
    shape.live = 0;
    if (shape.kind == SHADOW_OF_TABLE) {
        shape.next = shadow->pages[shape.page].tables;
        shadow->pages[shape.page].tables = number;
    }
    *table = shape;
    return number;
}

u32 table_find(const struct shadow *shadow, const struct shadow_table *shape)
{
    u32 number = shadow->pages[shape->page].tables;
    for (; number != SHADOW_NONE; number = shadow->tables[number].next) {
        const struct shadow_table *table = &shadow->tables[number];
        if (table->level == shape->level && table->mode == shape->mode && table->holds_window == shape->holds_window)
            break;
    }
    return number;
}

static void forget_root(struct shadow *shadow, u32 table)
{
    for (u32 mode = 0; mode < SHADOW_MODES; mode++)
        if (shadow->roots[mode] == table)
            shadow->roots[mode] = SHADOW_NONE;
    if (host_uses_root(shadow->host, shadow->tables[table].frame))
        host_use_no_root(shadow->host);
}

static void unlist(struct shadow *shadow, u32 number)
{
    u32 *link = &shadow->pages[shadow->tables[number].page].tables;
    while (*link != number)
        link = &shadow->tables[*link].next;
    *link = shadow->tables[number].next;
}

static void clear_linked(struct shadow *shadow, u32 link)
{
    const struct link *place = link_at(&shadow->links, link);
    entry_clear(shadow, place->table, place->index);
}

void table_zap(struct shadow *shadow, u32 number)
{
    struct shadow_table *table = &shadow->tables[number];
    if (table->kind == SHADOW_OF_TABLE) {
        while (table->parents != SHADOW_NONE)
            clear_linked(shadow, table->parents);
        unlist(shadow, number);
    }
    const u64 *entries = shadow_entry(shadow, number, 0);
    u32 index = 0;
    for (; table->live; index++)
        if (entries[index])
            entry_clear(shadow, number, index);
    shadow->host->hardware.work[T64_WORK_SCANNED_ENTRIES] += index;
    forget_root(shadow, number);
    if (table->kind == SHADOW_OF_PAGES)
        cpu_flush(shadow->host->cpu); /* the tlbi that follows may name another page of the leaf */
    table->next = shadow->free_table;
    shadow->free_table = number;
}

/* Not cached, all links are those of leaves. */
void pool_clear_leaves(struct shadow *shadow)
{
    for (u32 number = 0; number < shadow->links.used; number++) {
        const struct link *link = link_at(&shadow->links, number);
        u64 *entry = shadow_entry(shadow, link->table, link->index);
        if (!*entry)
            continue;
        shadow->pages[shadow_named(shadow, *entry)].mappings = SHADOW_NONE;
        shadow->tables[link->table].live--;
        *entry = 0;
    }
    links_forget(&shadow->links);
    superpages_clear(&shadow->superpages);
}
