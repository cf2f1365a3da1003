/* Audits: the frames' books, and that nobody reaches a frame that is not his, by tables or by what the hardware remembers of them. */
#include "world.h"

#include "engine/engine.h"
#include "monitor/assist/assist.h"
#include "monitor/rewrite/rewriting.h"

static const struct frame *frame_at(const struct t64_host *host, u64 number) { return &host->frames.all[number]; }

/* Frames. */

static const char *audit_frames(const struct t64_host *host)
{
    const struct frames *frames = &host->frames;
    u32 free = 0, monitor = 0, listed = 0;
    for (u32 number = 0; number < frames->total; number++) {
        free += frames->all[number].owner == FRAME_FREE;
        monitor += frames->all[number].owner == FRAME_MONITOR;
    }
    for (u32 number = frames->first_free; number != FRAME_NONE; number = frames->all[number].page) {
        if (!frames->all[number].listed || frames->all[number].owner != FRAME_FREE || ++listed > frames->total)
            return "the list of free frames has one that is not free";
    }
    if (free != frames->free || monitor != frames->monitor)
        return "the counts of free frames, or of the monitor's, are not a recount's";
    return NULL;
}

static u32 maps_of(const struct t64_host *host, u32 number)
{
    u32 maps = 0;
    for (const struct t64_guest *guest = host->guests; guest; guest = guest->next)
        for (u32 n = 0; guest->domain && n < GRANT_MAPS; n++)
            maps += guest->domain->maps[n].used && guest->domain->maps[n].frame == number;
    return maps;
}

/* Whoever has a frame lives, or others map what he left. */
static const char *audit_owners(const struct t64_host *host)
{
    for (u32 number = 0; number < host->frames.total; number++) {
        const struct frame *frame = frame_at(host, number);
        if (frame->owner == FRAME_ORPHAN && (!frame->maps || frame->maps != maps_of(host, number)))
            return "a frame of a guest that has ended is kept, and nobody maps it";
        bool is_guests = frame->owner != FRAME_FREE && frame->owner != FRAME_MONITOR && frame->owner != FRAME_ORPHAN;
        if (is_guests && !guest_of_domain(host, frame->owner - FRAME_MONITOR))
            return "a frame belongs to a guest that has ended";
    }
    return NULL;
}

static const char *audit_pages(const struct t64_guest *guest)
{
    u32 holes = 0;
    for (u32 page = 0; page < guest->pages; page++) {
        u32 number = guest->frames[page];
        holes += number == FRAME_NONE;
        if (number != FRAME_NONE && (frame_at(guest->host, number)->owner != guest->owner || frame_at(guest->host, number)->page != page))
            return "a page of the guest's is in a frame that is not its own";
    }
    return holes == guest->holes ? NULL : "the count of pages that were given back is not a recount's";
}

/* What the hardware remembers. */

static bool is_granted(const struct t64_guest *guest, u64 number, bool writes)
{
    const struct grant_map *maps = guest->domain ? guest->domain->maps : NULL;
    for (u32 n = 0; maps && n < GRANT_MAPS; n++)
        if (maps[n].used && maps[n].frame == number && (maps[n].writable || !writes))
            return true;
    return false;
}

static bool is_window(const struct t64_guest *guest, u64 number)
{
    if (guest->domain)
        return number == guest->domain->monitor_frames[DOMAIN_SHARED];
    return guest->rewriting && number == guest->shadow.window;
}

static bool is_copy(const struct t64_guest *guest, u64 number)
{
    u32 page = frame_at(guest->host, number)->page;
    const struct rewritten_page *pages = guest->rewriting ? guest->rewriting->pages : NULL;
    return pages && page < guest->pages && (pages[page].copy[0] == number || pages[page].copy[1] == number);
}

bool is_guarded(const struct t64_guest *guest, u64 number)
{
    const struct frame *frame = frame_at(guest->host, number);
    if (guest->domain)
        return frame->type <= FRAME_LEVEL2;
    if (!guest->shadow.pages)
        return false;
    return shadow_traces(&guest->shadow, frame->page) || (guest->rewriting && rewritten_is_known(guest, frame->page));
}

static const char *audit_data(const struct t64_guest *guest, u64 at, bool writes)
{
    const struct t64_phys *phys = &guest->host->hardware.phys;
    u64 number = (at - (u64)(uintptr_t)phys->ram) >> FRAME_SHIFT;
    if (number >= guest->host->frames.total)
        return "the hardware remembers a place that is no memory";
    if (is_window(guest, number))
        return NULL;
    if (frame_at(guest->host, number)->owner != guest->owner)
        return is_granted(guest, number, writes) ? NULL : "the hardware remembers a frame that is not the guest's";
    return writes && is_guarded(guest, number) ? "the hardware remembers a page as writable that must not be" : NULL;
}

static const char *audit_code(const struct t64_guest *guest, const struct code_page *page)
{
    u64 number = page->frame;
    if (number >= guest->host->frames.total)
        return "the hardware remembers code that is in no memory";
    if (frame_at(guest->host, number)->owner == guest->owner || is_copy(guest, number) || is_granted(guest, number, false))
        return NULL;
    return "the hardware remembers code in a frame that is not the guest's";
}

static const char *audit_tlb(const struct t64_guest *guest, const struct tlb *tlb)
{
    const char *wrong = NULL;
    for (u32 slot = 0; slot < TLB_SIZE && !wrong; slot++) {
        const struct tlb_data *load = &tlb->load[slot], *store = &tlb->store[slot];
        if (load->tag != TLB_NONE)
            wrong = audit_data(guest, load->tag + load->addend, false);
        if (!wrong && store->tag != TLB_NONE)
            wrong = audit_data(guest, store->tag + store->addend, true);
        if (!wrong && tlb->fetch[slot].tag != TLB_NONE)
            wrong = audit_code(guest, tlb->fetch[slot].page);
    }
    return wrong;
}

/* Whose tables the hardware walks. */
static struct t64_guest *guest_on_hardware(const struct t64_host *host)
{
    u64 ptbr = host->hardware.state.ptbr, root = (ptbr & PTBR_FRAME) >> FRAME_SHIFT;
    for (struct t64_guest *guest = host->guests; guest; guest = guest->next) {
        if (guest->assist && (guest->assist->area.nested || guest->shadow.tables))
            return guest; /* the only one of its world that runs */
        for (u32 mode = 0; mode < 2; mode++)
            if (ptbr != HOST_NO_ROOT && guest->technique->root(guest, mode) == root)
                return guest;
    }
    return NULL;
}

static const char *audit_hardware(const struct t64_host *host)
{
    const struct t64_guest *guest = guest_on_hardware(host);
    if (!guest || (guest->domain && guest->domain->flush))
        return NULL; /* all is forgotten before any guest goes on */
    const char *wrong = audit_tlb(guest, &host->cpu->tlbs.mode[1]);
    return wrong ? wrong : audit_tlb(guest, &host->cpu->tlbs.mode[0]);
}

/* Direct paging. */

static const char *audit_leaf(const struct t64_guest *guest, u64 entry)
{
    u64 number = (entry & PTE_FRAME) >> FRAME_SHIFT;
    if (number >= guest->host->frames.total)
        return "an entry maps what is no memory";
    if (frame_at(guest->host, number)->owner != guest->owner)
        return is_granted(guest, number, entry & PTE_W) ? NULL : "an entry maps a frame that is not the guest's";
    return entry & PTE_W && is_guarded(guest, number) ? "an entry maps a table as writable" : NULL;
}

/* As the hardware would: but for the monitor's slot of a root. */
static const char *audit_table(const struct t64_guest *guest, u64 table, u32 level)
{
    const u64 *entries = (const u64 *)(const void *)frames_bytes(&guest->host->frames, (u32)table);
    u32 count = level == PAGE_LEVELS - 1 ? MONITOR_ROOT_SLOT : PAGE_ENTRIES;
    for (u32 index = 0; index < count; index++) {
        u64 entry = entries[index];
        const char *wrong = NULL;
        if (!(entry & PTE_V))
            continue;
        if (!level)
            wrong = audit_leaf(guest, entry);
        else if (entry & (PTE_R | PTE_W | PTE_X))
            wrong = "an entry above level 0 is a leaf";
        else if ((entry & PTE_FRAME) >> FRAME_SHIFT >= guest->host->frames.total ||
                 frame_at(guest->host, (entry & PTE_FRAME) >> FRAME_SHIFT)->owner != guest->owner)
            wrong = "an entry leads to a table that is not the guest's";
        else
            wrong = audit_table(guest, (entry & PTE_FRAME) >> FRAME_SHIFT, level - 1);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *audit_domain(struct t64_guest *guest)
{
    if (guest->domain->doubtful)
        return NULL; /* it was loaded: its tables are validated anew before it runs */
    if (t64_guest_audit(&guest->vm) == T64_ERROR_VALUE)
        return "the books of the domain's tables are not a recount's";
    for (u32 mode = 0; mode < 2; mode++) {
        u32 root = guest->domain->roots[mode];
        const char *wrong = root == FRAME_NONE ? NULL : audit_table(guest, root, PAGE_LEVELS - 1);
        if (wrong)
            return wrong;
    }
    return NULL;
}

const char *audit(const struct world *world)
{
    const char *wrong = audit_frames(world->host);
    wrong = wrong ? wrong : audit_owners(world->host);
    for (struct t64_guest *guest = world->host->guests; guest && !wrong; guest = guest->next) {
        wrong = audit_pages(guest);
        if (!wrong && guest->domain)
            wrong = audit_domain(guest);
        if (!wrong && guest->shadow.tables)
            wrong = audit_shadow(guest);
    }
    return wrong ? wrong : audit_hardware(world->host);
}
