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

static u64 *words_of(struct t64_guest *guest, u32 page)
{
    return host_entry(guest->host, frame_address(guest->frames[page]));
}

static u64 address_of(const struct t64_guest *guest, u32 page) { return frame_address(guest->frames[page]).at; }

/* An image that reaches in here would be overwritten. */
static bool is_free(struct t64_guest *guest, const struct plan *plan)
{
    return t64_vm_next_page(&guest->vm, plan->start) >= plan->end;
}

static void clear_pages(struct t64_guest *guest, const struct plan *plan)
{
    for (u32 page = plan->start; page < plan->end; page++) {
        memset(words_of(guest, page), 0, FRAME_SIZE);
        host_memory_changed(guest->host, frame_address(guest->frames[page]), FRAME_SIZE);
    }
}

static void write_start(struct t64_guest *guest, const struct plan *plan)
{
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
    memcpy(words_of(guest, plan->start), &start, sizeof start);
}

static void write_list(struct t64_guest *guest, const struct plan *plan)
{
    enum { IN_PAGE = FRAME_SIZE / sizeof(u64) };
    for (u32 page = 0; page < guest->pages; page++)
        words_of(guest, plan->list + page / IN_PAGE)[page % IN_PAGE] = guest->frames[page];
}

/* Tables are readable only: they could not be tables otherwise. */
static u64 rights_of(const struct plan *plan, u32 page)
{
    u64 all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U;
    return page >= plan->root && page < plan->end ? PTE_V | PTE_R | PTE_U : all;
}

static void write_tables(struct t64_guest *guest, const struct plan *plan)
{
    words_of(guest, plan->root)[0] = address_of(guest, plan->level1) | PTE_V;
    for (u32 page = plan->level0; page < plan->end; page++)
        words_of(guest, plan->level1)[page - plan->level0] = address_of(guest, page) | PTE_V;
    for (u32 page = 0; page < plan->end; page++)
        words_of(guest, plan->level0 + page / PAGE_ENTRIES)[page % PAGE_ENTRIES] =
            address_of(guest, page) | rights_of(plan, page);
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
    clear_pages(guest, &plan);
    write_start(guest, &plan);
    write_list(guest, &plan);
    write_tables(guest, &plan);
    reset(guest, guest->frames[plan.root]);
    domain_set_mode(guest, DOMAIN_KERNEL);
    guest->unsettled = true; /* it is shown what there is before its first instruction, and need not be interrupted for that */
    guest->vm.state.pc = entry;
    guest->vm.state.x[REGISTER_A0] = (u64)plan.start << PAGE_SHIFT;
    return T64_OK;
}
