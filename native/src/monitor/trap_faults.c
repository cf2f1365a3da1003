/* Page faults under `trap`: the guest's own go to its kernel, those of the shadow are filled and never seen. */
#include "trap.h"

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

u32 trap_page_fault_reason(struct t64_guest *guest)
{
    const struct t64_vm *vm = &guest->vm;
    const struct access_fault *fault = &access_faults[guest->exit.trap.cause];
    t64_gva gva = {guest->exit.trap.tval};
    guest->walk = walk(&vm->phys, vm->state.ptbr, gva, fault->rights, vm_in_user_mode(vm));
    switch (guest->walk.result) {
    case WALK_OK:
        guest->exit.gpa = guest->walk.gpa.at;
        return EXIT_SHADOW_PAGE_FAULT;
    case WALK_PAGE_FAULT:
        return EXIT_GUEST_PAGE_FAULT;
    default:
        guest->exit.raises = fault->access_fault;
        return EXIT_EXCEPTION;
    }
}

/* Set A and D in the guest's entry, as the hardware would. Returns the entry as it is now. */
static u64 mark_entry(struct t64_guest *guest, const struct t64_walk *found, u32 rights)
{
    u64 marks = walk_marks(found, rights);
    if (marks) {
        t64_hpa at = phys_locate(&guest->vm.phys, found->entry_at);
        *host_entry(guest->host, at) |= marks;
        host_memory_changed(guest->host, at, sizeof(u64));
    }
    return found->entry | marks;
}

/* With D clear the page is mapped without W, so that the first store comes here to set it. */
static u64 shadow_rights(u64 entry)
{
    u64 rights = entry & (PTE_R | PTE_W | PTE_X);
    return entry & PTE_D ? rights : rights & ~PTE_W;
}

int trap_fill_shadow(struct t64_guest *guest)
{
    const struct t64_walk *found = &guest->walk;
    u64 rights = PTE_R | PTE_W | PTE_X;
    if (found->entry_at.at != T64_NOWHERE)
        rights = shadow_rights(mark_entry(guest, found, access_faults[guest->exit.trap.cause].rights));
    t64_hpa frame = phys_locate(&guest->vm.phys, found->gpa);
    shadow_map(&guest->shadow, trap_mode(guest), (t64_gva){guest->exit.trap.tval}, frame, rights);
    host_use_root(guest->host, shadow_root(&guest->shadow, trap_mode(guest))); /* a new one if there was no room left */
    return OUTCOME_RESUME;
}
