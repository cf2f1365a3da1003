/* The domain builder: what a paravirtual guest finds when it starts.
 *
 *     0 ... free_end             memory, as the image and the guest fill it
 *     free_end ...               start information, one page
 *                                the host frame of every page, 8 bytes each
 *                                the first tables: root, level 1, level 0, mapped read-only
 *     the end of what is mapped  of memory, or 1 GiB: one slot of a root
 */
#include "monitor/para/para.h"

#include <assert.h>
#include <string.h>

enum { REGISTER_A0 = 10, MAPPED_MAX = PAGE_ENTRIES * PAGE_ENTRIES };

/* Page numbers. */
struct plan {
    u32 start, list, root, level1, level0, end;
};

static u32 pages_for(u32 count, u32 in_page) { return (count + in_page - 1) / in_page; }

/* False if it does not fit. */
static bool make_plan(const struct t64_guest *guest, struct plan *plan)
{
    u32 mapped = guest->pages < MAPPED_MAX ? guest->pages : MAPPED_MAX;
    u32 level0 = pages_for(mapped, PAGE_ENTRIES), list = pages_for(guest->pages, FRAME_SIZE / sizeof(u64));
    if (level0 + list + 3 >= mapped)
        return false;
    plan->end = mapped;
    plan->level0 = plan->end - level0;
    plan->level1 = plan->level0 - 1;
    plan->root = plan->level1 - 1;
    plan->list = plan->root - list;
    plan->start = plan->list - 1;
    return true;
}

static u64 address_of(const struct t64_guest *guest, u32 page) { return frame_address(guest->frames[page]).at; }

/* An image that reaches in here would be overwritten. */
static bool is_free(struct t64_guest *guest, const struct plan *plan)
{
    return t64_vm_next_page(&guest->vm, plan->start) >= plan->end;
}

/* All that is built is written a page at a time, as a whole. */

static void store_page(struct t64_guest *guest, u32 page, const u64 *words)
{
    host_store(guest->host, frame_address(guest->frames[page]), words, FRAME_SIZE);
}

static void store_start(struct t64_guest *guest, const struct plan *plan)
{
    u64 words[PAGE_ENTRIES] = {0};
    struct t64_start_record start = {
        .magic = START_MAGIC,
        .version = HYPERCALL_VERSION_MAJOR << 16 | HYPERCALL_VERSION_MINOR,
        .pages = guest->pages,
        .free_end = (u64)plan->start << PAGE_SHIFT,
        .shared_frame = guest->domain->monitor_frames[DOMAIN_SHARED],
        .root_frame = guest->frames[plan->root],
        .frames = (u64)plan->list << PAGE_SHIFT,
        .clock_base = guest->vm.devices.clock_base,
        .domain = guest_id(guest),
    };
    memcpy(words, &start, sizeof start);
    store_page(guest, plan->start, words);
}

typedef u64 word_function(const struct t64_guest *guest, const struct plan *plan, u32 number);

/* So many words from the beginning of a page on; the rest of the last page is 0. */
static void store_words(struct t64_guest *guest, const struct plan *plan, u32 page, u32 count, word_function *word)
{
    for (u32 number = 0; number < count; page++) {
        u64 words[PAGE_ENTRIES] = {0};
        for (u32 i = 0; i < PAGE_ENTRIES && number < count; i++)
            words[i] = word(guest, plan, number++);
        store_page(guest, page, words);
    }
}

static u64 frame_in_list(const struct t64_guest *guest, const struct plan *plan, u32 page)
{
    (void)plan;
    return guest->frames[page];
}

static u64 root_entry(const struct t64_guest *guest, const struct plan *plan, u32 number)
{
    return address_of(guest, plan->level1 + number) | PTE_V;
}

static u64 level1_entry(const struct t64_guest *guest, const struct plan *plan, u32 number)
{
    return address_of(guest, plan->level0 + number) | PTE_V;
}

/* Tables are readable only: they could not be tables otherwise. */
static u64 level0_entry(const struct t64_guest *guest, const struct plan *plan, u32 page)
{
    bool is_table = page >= plan->root && page < plan->end;
    return address_of(guest, page) | PTE_V | PTE_R | PTE_U | (is_table ? 0 : PTE_W | PTE_X);
}

/* As after reset; the root is pinned, and in use. */
static void reset(struct t64_guest *guest, u32 root)
{
    struct domain *domain = guest->domain;
    events_close_all(guest);
    grants_leave(guest);
    tables_forget(guest);
    memset(domain->handlers, 0, sizeof domain->handlers);
    memset(domain_shared(guest, 0), 0, FRAME_SIZE);
    *domain_shared(guest, SHARED_PTBR) = frame_address(root).at | PTBR_ENABLE;
    *domain_shared(guest, SHARED_TIMECMP) = guest->vm.state.timecmp;
    *domain_shared(guest, SHARED_INFO) = guest->vm.info;
    domain->roots[DOMAIN_KERNEL] = root;
    domain->roots[DOMAIN_USER] = FRAME_NONE;
    int error = trees_take_at_once(guest, root, FRAME_LEVEL2);
    error |= trees_take_at_once(guest, root, FRAME_LEVEL2);
    guest->host->frames.all[root].pinned = 1 + FRAME_LEVEL2;
    assert(!error);
    (void)error;
    domain->doubtful = domain->broken = false;
    domain->pending = 0;
    domain->booted = true;
}

/* It begins with all its pages. False if the host has too few left. */
static bool fill_holes(struct t64_guest *guest)
{
    for (u32 page = 0; page < guest->pages; page++) {
        if (guest->frames[page] != FRAME_NONE)
            continue;
        guest->frames[page] = frames_take(&guest->host->frames, guest->owner, page);
        if (guest->frames[page] == FRAME_NONE)
            return false;
        guest->holes--;
    }
    return true;
}

int para_boot(struct t64_guest *guest, u64 entry)
{
    struct plan plan;
    if (grants_are_mapped(guest))
        return T64_ERROR_BUSY;
    if (!fill_holes(guest))
        return T64_ERROR_MEMORY;
    if (!make_plan(guest, &plan) || (!guest->domain->booted && !is_free(guest, &plan)))
        return T64_ERROR_ROOM;
    store_start(guest, &plan);
    store_words(guest, &plan, plan.list, guest->pages, frame_in_list);
    store_words(guest, &plan, plan.root, 1, root_entry);
    store_words(guest, &plan, plan.level1, plan.end - plan.level0, level1_entry);
    store_words(guest, &plan, plan.level0, plan.end, level0_entry);
    reset(guest, guest->frames[plan.root]);
    domain_set_mode(guest, DOMAIN_KERNEL);
    guest->unsettled = true; /* it is shown what there is before its first instruction, and need not be interrupted for that */
    guest->vm.state.pc = entry;
    guest->vm.state.x[REGISTER_A0] = (u64)plan.start << PAGE_SHIFT;
    return T64_OK;
}
