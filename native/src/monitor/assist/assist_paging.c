/* The memory of a guest in guest mode: nested tables, or, as on the first VT-x, shadows of its own. */
#include "monitor/assist/assist.h"
#include "monitor/deprivileged/trap.h"

static struct guest_area *area_of(struct t64_guest *guest) { return &guest->assist->area; }

static void forget_translations(struct t64_guest *guest) { cpu_flush(guest->host->cpu); }

/* Nested: the guest's own tables are walked by the hardware, so that nothing it does to them is of interest. */

static bool nested_begin(struct t64_guest *guest)
{
    struct nested *nested = &guest->assist->nested;
    if (!nested_open(nested, guest->host, guest->frames, guest->pages))
        return false;
    area_of(guest)->nested = true;
    area_of(guest)->tables[0] = frame_address(nested_root(nested));
    return true;
}

static void nested_end(struct t64_guest *guest) { nested_close(&guest->assist->nested); }

static u32 nested_root_of(struct t64_guest *guest, u32 mode)
{
    (void)mode;
    return nested_root(&guest->assist->nested);
}

static void nothing(struct t64_guest *guest) { (void)guest; }

static void forget_page(struct t64_guest *guest, t64_gva gva) { cpu_flush_page(guest->host->cpu, gva); }

static void nested_memory_changed(struct t64_guest *guest, t64_gpa gpa)
{
    (void)gpa; /* it may be a page table */
    forget_translations(guest);
}

static u32 intercepted_page_fault(struct t64_guest *guest)
{
    (void)guest;
    return EXIT_GUEST_PAGE_FAULT;
}

int assist_fill_nested(struct t64_guest *guest)
{
    static const u64 causes[] = {[ACCESS_LOAD] = CAUSE_LOAD_ACCESS_FAULT, [ACCESS_STORE] = CAUSE_STORE_ACCESS_FAULT,
                                 [ACCESS_FETCH] = CAUSE_FETCH_ACCESS_FAULT};
    const struct guest_exit *exit = &area_of(guest)->exit;
    if (exit->gpa >= guest->vm.phys.size)
        return assist_inject(guest, causes[exit->access], exit->tval);
    nested_fill(&guest->assist->nested, (t64_gpa){exit->gpa});
    return OUTCOME_RESUME;
}

const struct assist_paging assist_with_nested = {
    .open = nested_begin,
    .close = nested_end,
    .root = nested_root_of,
    .prepare = nothing,
    .flush = forget_translations,
    .flush_page = forget_page,
    .forget = forget_translations,
    .memory_changed = nested_memory_changed,
    .page_fault_reason = intercepted_page_fault,
};

/* Shadows: what the guest does to its tables exits; the exits are those of `trap`. */

static bool shadow_begin(struct t64_guest *guest) { return shadow_open(&guest->shadow, guest->host, &guest->vm, true); }

static void shadow_end(struct t64_guest *guest) { shadow_close(&guest->shadow); }

/* Both roots, for the guest changes its mode without an exit. To make one may cost the other, but only once. */
static void shadow_prepare(struct t64_guest *guest)
{
    struct shadow *shadow = &guest->shadow;
    do
        for (u32 mode = 0; mode < SHADOW_MODES; mode++)
            area_of(guest)->tables[mode] = frame_address(shadow_root(shadow, mode));
    while (shadow_known_root(shadow, 0) == FRAME_NONE);
}

static void shadow_flush_all(struct t64_guest *guest) { shadow_flush(&guest->shadow); }

static void shadow_flush_one(struct t64_guest *guest, t64_gva gva) { shadow_flush_page(&guest->shadow, gva); }

static void shadow_distrust(struct t64_guest *guest) { shadow_forget(&guest->shadow); }

static void shadow_written(struct t64_guest *guest, t64_gpa gpa)
{
    shadow_memory_changed(&guest->shadow, (u32)(gpa.at >> FRAME_SHIFT));
}

const struct assist_paging assist_with_shadow = {
    .intercepts = INTERCEPT_PTBR_WRITE | INTERCEPT_TLBI | INTERCEPT_PROBE | INTERCEPT_FETCH_PAGE_FAULT |
                  INTERCEPT_LOAD_PAGE_FAULT | INTERCEPT_STORE_PAGE_FAULT,
    .open = shadow_begin,
    .close = shadow_end,
    .root = trap_root,
    .prepare = shadow_prepare,
    .flush = shadow_flush_all,
    .flush_page = shadow_flush_one,
    .forget = shadow_distrust,
    .memory_changed = shadow_written,
    .page_fault_reason = trap_page_fault_reason,
};
