/* Hypercalls about page tables. */
#include "monitor/hypercalls/calls.h"
#include "monitor/hypercalls/guest_copy.h"
#include "monitor/domain/direct_paging.h"

#include <string.h>

#define ALL_ONES (~(u64)0)

/* The page of a list that is being read, looked up once for as long as no translation can have changed. */
struct list_page {
    u64 number; /* of the virtual page; NOWHERE: none yet */
    t64_hpa at;
};

static bool read_record(struct t64_guest *guest, struct list_page *page, t64_gva gva, struct t64_mmu_record *record)
{
    u64 offset = gva.at & (FRAME_SIZE - 1);
    if (offset > FRAME_SIZE - sizeof *record)
        return reach_read(guest, gva, record, sizeof *record);
    if (page->number != gva.at >> FRAME_SHIFT) {
        page->at = reach(guest, (t64_gva){gva.at - offset}, ACCESS_LOAD);
        page->number = page->at.at == T64_NOWHERE ? T64_NOWHERE : gva.at >> FRAME_SHIFT;
    }
    if (page->at.at == T64_NOWHERE)
        return false;
    memcpy(record, host_bytes(guest->host, page->at) + offset, sizeof *record);
    return true;
}

/* The trees that the update has left behind are let go before the next one. */
static int finish_update(struct t64_guest *guest, struct t64_call_progress *progress)
{
    progress->stage = 1;
    int error = trees_go_on(guest);
    if (error)
        return error;
    progress->stage = 0;
    progress->done++;
    guest->vm.work[T64_WORK_LISTED_ENTRIES]++;
    return CALL_DONE;
}

/* May the list's own page be found by the entry that is there now? A leaf that maps another frame is none of that page's. */
static bool may_lead_to_list(const struct t64_guest *guest, t64_hpa at, t64_hpa list)
{
    u64 number = at.at >> FRAME_SHIFT;
    if (!tables_owns(guest, number) || at.at % sizeof(u64))
        return false;
    u64 entry = host_entry(guest->host, at);
    if (!(entry & PTE_V))
        return false;
    return guest->host->frames.all[number].type != FRAME_LEVEL0 || !((entry ^ list.at) & PTE_FRAME);
}

static int update_next(struct t64_guest *guest, struct t64_call_progress *progress, u64 list, struct list_page *page)
{
    struct t64_mmu_record record;
    if (progress->stage)
        return finish_update(guest, progress);
    if (!read_record(guest, page, (t64_gva){list + progress->done * sizeof record}, &record))
        return -HYPERCALL_ERROR_FAULT;
    t64_hpa at = {record.entry};
    if (may_lead_to_list(guest, at, page->at))
        page->number = T64_NOWHERE;
    int error = tables_update(guest, at, record.value);
    return error ? error : finish_update(guest, progress);
}

int call_mmu_update(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    struct t64_call_progress *progress = call_progress(guest);
    struct list_page page = {.number = T64_NOWHERE};
    int come_to = call_check_list(args[0], args[1]);
    while (come_to == CALL_DONE && progress->done < args[1]) {
        if (host_is_spent(guest->host))
            return T64_STOP_WORK;
        come_to = update_next(guest, progress, args[0], &page);
        host_note_work(guest->host, WORK_RECORD);
    }
    return call_is_stopped(come_to) ? come_to : call_report_done(guest, args[2], progress->done, come_to);
}

static void flush_page(struct t64_guest *guest, u64 gva)
{
    t64_gva page = {gva & ~(u64)(PAGE_SIZE - 1)};
    cpu_flush_page(guest->host->cpu, page);
    modelled_flush_page(guest->vm.modelled_tlb, page);
}

/* In the monitor's slot tables_update refuses: what it finds there is not the guest's. */
int call_update_va(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    t64_hpa at = tables_find_entry(guest, (t64_gva){args[0]});
    if (args[2] > 1 || at.at == T64_NOWHERE)
        return -HYPERCALL_ERROR_INVAL;
    int error = tables_update(guest, at, args[1]);
    if (!error && args[2])
        flush_page(guest, args[0]);
    return error;
}

int call_pin_table(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    return tables_pin(guest, args[0], args[1]);
}

int call_unpin_table(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    u64 *stage = &call_progress(guest)->stage;
    int error = *stage ? 0 : tables_unpin(guest, args[0]);
    *stage = !error;
    return error ? error : trees_go_on(guest);
}

/* Are others under way than are asked for? The second one is, once the first is taken. */
static bool roots_have_changed(const struct trees *trees, const u64 *args)
{
    return trees->root_taken && (trees->root != args[0] || trees->path[0].table != args[1]);
}

/* One after the other; the first one is let go where the second one is refused. */
static int take_roots(struct t64_guest *guest, const u64 *args)
{
    struct trees *trees = &guest->domain->trees;
    if (roots_have_changed(trees, args))
        trees_abandon(guest); /* the host has changed what the guest asks for */
    int error = trees->root_taken ? 0 : trees_take(guest, args[0], FRAME_LEVEL2);
    if (error || args[1] == ALL_ONES)
        return error;
    trees->root_taken = true;
    trees->root = (u32)args[0];
    error = trees_take(guest, args[1], FRAME_LEVEL2);
    if (error == T64_STOP_WORK)
        return error;
    trees->root_taken = false;
    if (error) {
        trees_leave(guest, (u32)args[0]);
        trees->error = error;
    }
    return error ? trees_go_on(guest) : 0;
}

static void switch_roots(struct t64_guest *guest, const u64 *args)
{
    struct domain *domain = guest->domain;
    for (u32 mode = 0; mode < 2; mode++) {
        if (domain->roots[mode] != FRAME_NONE)
            trees_leave(guest, domain->roots[mode]);
        domain->roots[mode] = args[mode] == ALL_ONES ? FRAME_NONE : (u32)args[mode];
    }
    *domain_shared(guest, SHARED_PTBR) = frame_address((u32)args[0]).at | PTBR_ENABLE;
    domain->flush = true;
    modelled_flush(guest->vm.modelled_tlb);
}

/* The new roots are taken before the old ones are let go: they may be the same, or share tables. */
int call_set_roots(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    u64 *stage = &call_progress(guest)->stage;
    int error = *stage ? 0 : take_roots(guest, args);
    if (error)
        return error;
    if (!*stage)
        switch_roots(guest, args);
    *stage = 1;
    guest->settles = true;
    return trees_go_on(guest);
}

int call_flush(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    if (args[0] != ALL_ONES) {
        flush_page(guest, args[0]);
        return 0;
    }
    cpu_flush(guest->host->cpu);
    modelled_flush(guest->vm.modelled_tlb);
    return 0;
}
