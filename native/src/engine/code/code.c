/* The cache of predecoded pages: found by frame, evicted by second chance. */
#include <stdlib.h>
#include <string.h>

#include "engine/code/code.h"
#include "engine/code/entry_kinds.h"
#include "engine/code/fusion.h"

bool code_open(struct code_cache *cache, const void *const *handlers)
{
    cache->handlers = handlers;
    cache->pages[0] = calloc(1, sizeof *cache->pages[0]);
    return cache->pages[0];
}

void code_close(struct code_cache *cache)
{
    if (cache->listener)
        cache->listener->close(cache);
    for (u32 n = 0; n < CODE_PAGES_MAX; n++) {
        if (cache->pages[n])
            free(cache->pages[n]->compiled);
        free(cache->pages[n]);
    }
}

static void forget(struct code_cache *cache, struct code_page *page, u32 from, u32 to)
{
    if (page->compiled)
        cache->listener->forget(cache, page, from, to);
    for (u32 n = from; n < to; n++)
        page->entries[n] = (struct code_entry){.handler = cache->handlers[KIND_UNDECODED], .kind = KIND_UNDECODED};
}

/* Find the entry's group anew, at its next use. */
static void take_apart(const struct code_cache *cache, struct code_entry *entry)
{
    if (is_fused(cache->handlers, entry))
        entry->handler = cache->handlers[KIND_UNDECODED];
}

void code_ungroup(const struct code_cache *cache, struct code_page *page, u32 entry)
{
    for (u32 n = entry < GROUP_MAX ? 0 : entry - GROUP_MAX; n < entry; n++)
        take_apart(cache, &page->entries[n]);
}

void code_join(const struct code_cache *cache, struct code_page *page, u32 entry)
{
    if (is_joined(page, entry))
        return;
    page->joined[entry / 64] |= (u64)1 << entry % 64;
    take_apart(cache, &page->entries[entry]);
}

static struct code_page *victim(struct code_cache *cache)
{
    for (;;) {
        struct code_page *page = cache->pages[cache->hand];
        cache->hand = (cache->hand + 1) % cache->used;
        if (!page->recent)
            return page;
        page->recent = false;
    }
}

/* An array that nobody uses yet, or NULL where there is no room or memory for one more. */
static struct code_page *unused(struct code_cache *cache)
{
    if (cache->used == CODE_PAGES_MAX)
        return NULL;
    if (!cache->pages[cache->used])
        cache->pages[cache->used] = calloc(1, sizeof *cache->pages[0]);
    return cache->pages[cache->used] ? cache->pages[cache->used++] : NULL;
}

static struct code_page **slot_of(struct code_cache *cache, const struct code_page *page)
{
    return &cache->slots[page->frame % CODE_SLOTS];
}

static void take_out(struct code_cache *cache, const struct code_page *page)
{
    struct code_page **link = slot_of(cache, page);
    while (*link != page)
        link = &(*link)->next;
    *link = page->next;
}

static void put_in(struct code_cache *cache, struct code_page *page)
{
    struct code_page **slot = slot_of(cache, page);
    page->next = *slot;
    *slot = page;
}

struct code_page *code_new(struct code_cache *cache, u64 frame, bool *evicted)
{
    struct code_page *page = unused(cache);
    *evicted = !page;
    if (!page) {
        page = victim(cache);
        take_out(cache, page);
    }
    page->frame = frame;
    page->recent = true;
    forget(cache, page, 0, CODE_ENTRIES);
    memset(page->joined, 0, sizeof page->joined);
    page->entries[CODE_ENTRIES] = (struct code_entry){.handler = cache->handlers[KIND_PAGE_END], .kind = KIND_PAGE_END};
    put_in(cache, page);
    return page;
}

void code_changed(struct code_cache *cache, t64_hpa hpa, u64 size)
{
    while (size) {
        u64 offset = hpa.at & 4095, run = 4096 - offset < size ? 4096 - offset : size;
        struct code_page *page = code_of(cache, hpa.at >> 12);
        if (page) {
            u32 first = (u32)(offset >> 2), behind = (u32)((offset + run + 3) >> 2);
            code_ungroup(cache, page, first);
            forget(cache, page, first, behind);
            take_apart(cache, &page->entries[behind]); /* it may have taken a result of what was there */
        }
        hpa.at += run;
        size -= run;
    }
}
