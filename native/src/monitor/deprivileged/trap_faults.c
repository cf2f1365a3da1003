/* Page faults under `trap`: the guest's own go to its kernel, those of the shadow are filled and never seen. */
#include "monitor/deprivileged/accesses.h"
#include "monitor/deprivileged/trap.h"

/* What each access wants, and what the guest gets where its memory ends. */
struct access_fault {
    u32 rights;
    u64 access_fault;
};

static const struct access_fault access_faults[] = {
    [CAUSE_FETCH_PAGE_FAULT] = {ACCESS_FETCH, CAUSE_FETCH_ACCESS_FAULT},
    [CAUSE_LOAD_PAGE_FAULT] = {ACCESS_LOAD, CAUSE_LOAD_ACCESS_FAULT},
    [CAUSE_STORE_PAGE_FAULT] = {ACCESS_STORE, CAUSE_STORE_ACCESS_FAULT},
};

static bool is_traced(const struct t64_guest *guest)
{
    return shadow_traces(&guest->shadow, (u32)(guest->walk.gpa.at >> FRAME_SHIFT));
}

u32 trap_page_fault_reason(struct t64_guest *guest)
{
    const struct t64_vm *vm = &guest->vm;
    const struct access_fault *fault = &access_faults[guest->exit.trap.cause];
    t64_gva gva = {guest->exit.trap.tval};
    walk_to(&guest->walk, &vm->phys, vm->state.ptbr, gva, fault->rights, vm_in_user_mode(vm));
    switch (guest->walk.result) {
    case WALK_OK:
        guest->exit.gpa = guest->walk.gpa.at;
        return fault->rights == ACCESS_STORE && is_traced(guest) ? EXIT_TRACE : EXIT_SHADOW_PAGE_FAULT;
    case WALK_PAGE_FAULT:
        return EXIT_GUEST_PAGE_FAULT;
    default:
        guest->exit.raises = fault->access_fault;
        return EXIT_EXCEPTION;
    }
}

u32 trap_wanted_rights(const struct t64_guest *guest) { return access_faults[guest->exit.trap.cause].rights; }

int trap_fill_shadow_as(struct t64_guest *guest, u32 frame, u64 rights)
{
    const struct t64_walk *found = &guest->walk;
    if (found->entry_at.at != T64_NOWHERE)
        rights &= shadow_rights(guest_mark(guest, found, trap_wanted_rights(guest)));
    u32 page = (u32)(found->gpa.at >> FRAME_SHIFT);
    struct shadow_leaf leaf = {{guest->exit.trap.tval}, trap_mode(guest), page, frame, rights, found->level};
    shadow_map(&guest->shadow, &leaf);
    return trap_back(guest);
}

int trap_fill_shadow(struct t64_guest *guest)
{
    u32 frame = guest->frames[guest->walk.gpa.at >> FRAME_SHIFT];
    return trap_fill_shadow_as(guest, frame, PTE_R | PTE_W | PTE_X);
}

/* Not so where the code was changed since the hardware fetched it: what it does now is unspecified. */
static bool is_the_store(struct t64_guest *guest, struct t64_decoded in)
{
    return access_stores(in) && access_target(guest, in).at == guest->exit.trap.tval;
}

int trap_make_store(struct t64_guest *guest)
{
    struct t64_decoded in = guest_instruction(guest);
    if (!is_the_store(guest, in)) {
        shadow_untrace(&guest->shadow, (u32)(guest->walk.gpa.at >> FRAME_SHIFT));
        return trap_back(guest); /* it faults again, and is filled with the rights that its technique gives */
    }
    guest_mark(guest, &guest->walk, ACCESS_STORE);
    guest_store(guest, guest->walk.gpa, hardware_state(guest)->x[in.rd], access_size(in));
    guest_accessed(guest, (t64_gva){guest->exit.trap.tval}, ACCESS_STORE);
    guest_step(guest);
    return trap_back(guest);
}
