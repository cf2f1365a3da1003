/* Regions: made of what was offered, entered from predecoded code, and dropped with the words they were made from. */
#include <stdlib.h>
#include <string.h>

#include "engine/code/entry_kinds.h"
#include "engine/engine.h"
#include "engine/recompiler/internal.h"

/* Compiled code finds its way by these. */
_Static_assert(offsetof(struct region, reach) == 0 && offsetof(struct region, store) == 8 && offsetof(struct region, cross) == 16 &&
                   offsetof(struct region, jumped_from) == 24 && offsetof(struct region, present) == 32 &&
                   sizeof(struct region_site) == 16 && offsetof(struct region_site, addend) == 8,
               "the emitter's offsets");
_Static_assert(offsetof(struct t64_state, pc) == 33 * 8, "the emitter's offsets");

_Static_assert(T64_REGION_PAGES == sizeof((t64_offer *)0)->pages / sizeof(t64_code_image) &&
                   T64_REGION_ENTRIES == sizeof((t64_offer *)0)->entries / 8,
               "the header's numbers");

static bool any_bit(const u64 *bits, u32 from, u32 to)
{
    for (u32 n = from; n < to; n++)
        if (bits[n / 64] >> (n % 64) & 1)
            return true;
    return false;
}

bool recompiler_covers(const struct code_page *page, u32 from, u32 to)
{
    return page->compiled && any_bit(page->compiled->words, from, to);
}

void recompiler_remove_entry(struct t64_recompiler *r, struct region_entry *entry)
{
    for (u32 n = 0; n < entry->region->page_count; n++) {
        struct code_page *page = (struct code_page *)entry->region->pages[n];
        if (entry->region->gva[n] != (entry->gva & ~(u64)4095))
            continue;
        u32 at = (entry->gva & 4095) >> 2;
        struct code_entry *decoded = &page->entries[at];
        if (decoded->handler == r->cache->handlers[KIND_RECOMPILED])
            recompiler_let_go(r->cache, decoded, at);
        page->compiled->entry[at] = 0;
    }
    entry->region->entry_count--;
    *entry = (struct region_entry){0};
}

/* The words of the page that regions were made from, anew. */
static void recount_words(struct t64_recompiler *r, const struct code_page *page)
{
    memset(page->compiled->words, 0, sizeof page->compiled->words);
    for (u32 n = 0; n < r->region_count; n++)
        for (u32 k = 0; k < r->regions[n]->page_count; k++)
            for (u32 w = 0; r->regions[n]->pages[k] == page && w < CODE_ENTRIES / 64; w++)
                page->compiled->words[w] |= r->regions[n]->words[k][w];
}

static u64 size_for(u32 sites) { return sizeof(struct region) + sites * (sizeof(u64) + sizeof(struct region_site)); }
static u64 size_of(const struct region *region) { return size_for(region->site_count); }

static void drop(struct t64_recompiler *r, u32 number)
{
    struct region *region = r->regions[number];
    for (u32 n = 1; region->entry_count && n < ENTRIES_MAX; n++)
        if (r->entries[n].region == region)
            recompiler_remove_entry(r, &r->entries[n]);
    r->regions[number] = r->regions[--r->region_count];
    for (u32 n = 0; n < region->page_count; n++)
        recount_words(r, region->pages[n]);
    r->counts.bytes -= size_of(region);
    r->counts.dropped++;
    free(region);
    r->lost = true;
    if (r->config.eager)
        recompiler_ask_again(r);
}

static bool is_made_from(const struct region *region, const struct code_page *page, u32 from, u32 to)
{
    for (u32 n = 0; n < region->page_count; n++)
        if (region->pages[n] == page && any_bit(region->words[n], from, to))
            return true;
    return false;
}

void recompiler_forget(struct code_cache *cache, struct code_page *page, u32 from, u32 to)
{
    struct t64_recompiler *r = cache->recompiler;
    if (!any_bit(page->compiled->words, from, to))
        return;
    for (u32 n = r->region_count; n-- > 0;)
        if (is_made_from(r->regions[n], page, from, to))
            drop(r, n);
}

static bool is_up_to_date(const struct t64_cpu *cpu, const t64_code_image *image)
{
    const u8 *bytes = cpu->vm->phys.ram + (image->frame << 12);
    for (u32 n = 0; n < CODE_ENTRIES; n++)
        if (image->marked[n / 64] >> (n % 64) & 1 && memcmp(bytes + n * 4, &image->words[n], 4))
            return false;
    return true;
}

static bool has_page(struct t64_cpu *cpu, const t64_code_image *image)
{
    struct code_page *page = code_of(cpu->code, image->frame);
    if (!page || !is_up_to_date(cpu, image))
        return false;
    if (!page->compiled)
        page->compiled = calloc(1, sizeof *page->compiled);
    return page->compiled;
}

static bool is_present(struct t64_cpu *cpu, struct region *region, u64 page)
{
    const struct tlb_fetch *entry = &cpu->tlbs.mode[vm_in_user_mode(cpu->vm)].fetch[tlb_slot(region->gva[page])];
    region->present[page] = entry->tag == region->gva[page] && entry->page == region->pages[page];
    return region->present[page];
}

static struct region *new_region(struct t64_cpu *cpu, const t64_offer *offer)
{
    for (u32 n = 0; n < offer->page_count; n++)
        if (!has_page(cpu, &offer->pages[n]))
            return NULL;
    struct region *region = calloc(1, size_for(offer->site_count));
    if (!region)
        return NULL;
    region->reach = recompiler_reach;
    region->store = recompiler_store;
    region->cross = is_present;
    region->page_count = offer->page_count;
    region->site_count = offer->site_count;
    region->sites = (struct region_site *)&region->counts[offer->site_count];
    for (u32 n = 0; n < offer->page_count; n++) {
        struct code_page *page = code_of(cpu->code, offer->pages[n].frame);
        region->pages[n] = page;
        region->gva[n] = offer->pages[n].gva;
        memcpy(region->words[n], offer->pages[n].marked, sizeof region->words[n]);
        for (u32 w = 0; w < CODE_ENTRIES / 64; w++)
            page->compiled->words[w] |= region->words[n][w];
    }
    return region;
}

static u32 free_entry(struct t64_recompiler *r)
{
    for (u32 n = 1; n < ENTRIES_MAX; n++) {
        r->entry_hand = r->entry_hand % (ENTRIES_MAX - 1) + 1;
        if (!r->entries[r->entry_hand].region)
            return r->entry_hand;
    }
    return 0;
}

static struct code_page *page_of(const struct region *region, u64 gva)
{
    for (u32 n = 0; n < region->page_count; n++)
        if (region->gva[n] == (gva & ~(u64)4095))
            return (struct code_page *)region->pages[n];
    return NULL;
}

static void add_entry(struct t64_cpu *cpu, struct region *region, const t64_offer *offer, u32 index)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    u64 gva = offer->entries[index];
    struct code_page *page = page_of(region, gva);
    if (!page)
        return;
    if (is_useless(r, gva, offer->user)) { /* for another region it may pay */
        if (r->useless_code[counter_of(gva, ASKED)] == (region_code *)(uintptr_t)offer->code)
            return;
        r->useless[counter_of(gva, ASKED)] = 0;
    }
    u32 at = (gva & 4095) >> 2, number = page->compiled->entry[at];
    if (number)
        recompiler_remove_entry(r, &r->entries[number]);
    number = free_entry(r);
    if (!number)
        return;
    r->entries[number] = (struct region_entry){.code = (region_code *)(uintptr_t)offer->code, .region = region, .gva = gva,
                                               .need = offer->needs[index], .index = (u16)index, .user = (u8)offer->user};
    region->entry_count++;
    page->compiled->entry[at] = (u16)number;
    if (page->entries[at].kind == KIND_UNDECODED)
        predecode(cpu->code, cpu->vm->phys.ram, page, &page->entries[at]);
    page->entries[at].handler = cpu->handlers[KIND_RECOMPILED];
}

static void drop_useless(struct t64_recompiler *r)
{
    for (u32 n = r->region_count; n-- > 0;)
        if (!r->regions[n]->entry_count)
            drop(r, n);
}

static void drop_all(struct t64_recompiler *r)
{
    while (r->region_count)
        drop(r, r->region_count - 1);
    for (u32 n = 0; n < r->cache->used; n++) /* so that jumps are counted again */
        code_changed(r->cache, (t64_hpa){r->cache->pages[n]->frame << 12}, 4096);
}

void recompiler_install(struct t64_cpu *cpu, const t64_offer *offer)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    if (!offer->code) {
        drop_all(r);
        return;
    }
    struct region *region = r->region_count < REGIONS_MAX ? new_region(cpu, offer) : NULL;
    if (!region) {
        r->counts.refused++;
        return;
    }
    r->regions[r->region_count++] = region;
    r->counts.bytes += size_of(region);
    r->counts.installed++;
    for (u32 n = 0; n < offer->entry_count; n++)
        add_entry(cpu, region, offer, n);
    drop_useless(r);
}
