/* Nested page tables: a superpage where the guest's frames are a contiguous run, else a table of 4 KiB pages. */
#include "monitor/nested_paging/nested_paging.h"

#include "monitor/host/constants.h"

#include <stdlib.h>
#include <string.h>

enum { REGION_PAGES = PAGE_ENTRIES, REGIONS_OF_TABLE = PAGE_ENTRIES };
#define NESTED_RIGHTS (PTE_V | PTE_R | PTE_W | PTE_X)

static u32 regions(u32 pages) { return (pages + REGION_PAGES - 1) / REGION_PAGES; }

static u32 tables_wanted(u32 pages)
{
    u32 level0 = regions(pages), level1 = (level0 + REGIONS_OF_TABLE - 1) / REGIONS_OF_TABLE;
    return 1 + level1 + level0;
}

static bool take_table(struct nested *nested)
{
    u32 frame = host_take_frame(nested->host);
    if (frame != FRAME_NONE)
        nested->tables[nested->taken++] = frame;
    return frame != FRAME_NONE;
}

bool nested_open(struct nested *nested, struct t64_host *host, const u32 *frames, u32 pages)
{
    *nested = (struct nested){.host = host, .frames = frames, .pages = pages, .capacity = tables_wanted(pages), .used = 1};
    nested->tables = calloc(nested->capacity, sizeof *nested->tables);
    if (!nested->tables)
        return false;
    /* Enough for one instruction, whatever the other guests take: it can always go on. */
    while (nested->taken < nested->capacity && nested->taken < NESTED_TABLES_MINIMUM)
        if (!take_table(nested))
            return false;
    return true;
}

void nested_close(struct nested *nested)
{
    for (u32 i = 0; i < nested->taken; i++)
        host_give_back(nested->host, nested->tables[i]);
    free(nested->tables);
}

u32 nested_root(const struct nested *nested) { return nested->tables[0]; }

void nested_flush(struct nested *nested)
{
    for (u32 i = 0; i < nested->used; i++)
        memset(frames_own(&nested->host->frames, nested->tables[i]), 0, FRAME_SIZE);
    nested->used = 1;
    cpu_flush(nested->host->cpu);
}

/* Have `count` unused tables ready: new frames, or, where none are to be had, all the old ones. */
static void provide_tables(struct nested *nested, u32 count)
{
    while (nested->used + count > nested->taken && nested->taken < nested->capacity && take_table(nested))
        ;
    if (nested->used + count > nested->taken)
        nested_flush(nested);
}

static u64 *entry_of(struct nested *nested, u32 table, u64 index)
{
    return frames_own(&nested->host->frames, table) + index;
}

/* Tables that are missing on the way to a region. */
static u32 tables_missing(struct nested *nested, u32 region)
{
    u64 level1 = *entry_of(nested, nested_root(nested), region / REGIONS_OF_TABLE);
    if (!level1)
        return PAGE_LEVELS - 1;
    return !*entry_of(nested, (u32)(level1 >> FRAME_SHIFT), region % REGIONS_OF_TABLE);
}

/* The table below an entry, a new one if there is none. */
static u32 table_below(struct nested *nested, u64 *entry)
{
    if (!*entry)
        *entry = frame_address(nested->tables[nested->used++]).at | PTE_V;
    return (u32)(*entry >> FRAME_SHIFT);
}

/* Do the region's pages lie in a row that begins at a multiple of its size? */
static bool is_run(const struct nested *nested, u32 first)
{
    const u32 *frames = nested->frames + first;
    if (first + REGION_PAGES > nested->pages || frames[0] % REGION_PAGES)
        return false;
    for (u32 i = 1; i < REGION_PAGES; i++)
        if (frames[i] != frames[0] + i)
            return false;
    return true;
}

static void fill_pages(struct nested *nested, u32 table, u32 first)
{
    u32 count = nested->pages - first < REGION_PAGES ? nested->pages - first : REGION_PAGES;
    for (u32 i = 0; i < count; i++)
        *entry_of(nested, table, i) = frame_address(nested->frames[first + i]).at | NESTED_RIGHTS;
}

void nested_fill(struct nested *nested, t64_gpa gpa)
{
    u32 region = (u32)(gpa.at >> FRAME_SHIFT) / REGION_PAGES, first = region * REGION_PAGES;
    provide_tables(nested, tables_missing(nested, region));
    u32 level1 = table_below(nested, entry_of(nested, nested_root(nested), region / REGIONS_OF_TABLE));
    u64 *entry = entry_of(nested, level1, region % REGIONS_OF_TABLE);
    if (is_run(nested, first))
        *entry = frame_address(nested->frames[first]).at | NESTED_RIGHTS;
    else
        fill_pages(nested, table_below(nested, entry), first);
}
