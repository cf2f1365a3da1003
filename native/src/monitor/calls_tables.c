/* Hypercalls about page tables. */
#include "calls.h"
#include "reach.h"
#include "tables.h"

#include <string.h>

#define ALL_ONES (~(u64)0)

/* The page of a list that is being read, looked up once, as the hardware remembers a translation until it is told to
 * forget it: what the list changes about its own page counts from the next call on. */
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
    memcpy(record, guest->host->hardware.phys.ram + page->at.at + offset, sizeof *record);
    return true;
}

int call_mmu_update(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    int error = call_check_list(args[0], args[1]);
    struct list_page page = {.number = T64_NOWHERE};
    u64 done = 0;
    while (!error && done < args[1]) {
        struct t64_mmu_record record;
        bool there = read_record(guest, &page, (t64_gva){args[0] + done * sizeof record}, &record);
        error = there ? tables_update(guest, (t64_hpa){record.entry}, record.value) : -HYPERCALL_ERROR_FAULT;
        done += !error;
    }
    return call_report_done(guest, args[2], done, error);
}

static void flush_page(struct t64_guest *guest, u64 gva)
{
    cpu_flush_page(guest->host->cpu, (t64_gva){gva & ~(u64)(PAGE_SIZE - 1)});
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
    return tables_unpin(guest, args[0]);
}

/* The new roots are taken before the old ones are let go: they may be the same, or share tables. */
int call_set_roots(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    struct para *para = guest->para;
    bool has_user = args[1] != ALL_ONES;
    int error = tables_get(guest, args[0], FRAME_LEVEL2);
    if (error)
        return error;
    error = has_user ? tables_get(guest, args[1], FRAME_LEVEL2) : 0;
    if (error) {
        tables_put(guest, (u32)args[0]);
        return error;
    }
    u32 old[2] = {para->roots[PARA_KERNEL], para->roots[PARA_USER]};
    para->roots[PARA_KERNEL] = (u32)args[0];
    para->roots[PARA_USER] = has_user ? (u32)args[1] : FRAME_NONE;
    for (u32 mode = 0; mode < 2; mode++)
        if (old[mode] != FRAME_NONE)
            tables_put(guest, old[mode]);
    *para_shared(guest, SHARED_PTBR) = frame_address((u32)args[0]).at | PTBR_ENABLE;
    guest->settles = para->flush = true;
    return 0;
}

int call_flush(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    if (args[0] == ALL_ONES)
        cpu_flush(guest->host->cpu);
    else
        flush_page(guest, args[0]);
    return 0;
}
