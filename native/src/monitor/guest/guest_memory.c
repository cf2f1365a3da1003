/* Writing to a guest's memory by guest-physical address: as its devices do, and in its own place. */
#include "monitor/guest/guest.h"

#include <string.h>

/* Devices: under every technique in the same way. */

/* A paravirtual guest's tables change by hypercall alone, and what it has given back is not there. */
static bool allows_page(const struct t64_guest *guest, u32 page, bool writes)
{
    u32 number = guest->frames[page];
    return number != FRAME_NONE && !(writes && guest->host->frames.all[number].type <= FRAME_LEVEL2);
}

bool guest_allows(const struct t64_guest *guest, t64_gpa gpa, u64 size, bool writes)
{
    if (!size || gpa.at >= guest->vm.phys.size || size > guest->vm.phys.size - gpa.at)
        return false;
    for (u64 page = gpa.at >> FRAME_SHIFT; page <= (gpa.at + size - 1) >> FRAME_SHIFT; page++)
        if (!allows_page(guest, (u32)page, writes))
            return false;
    return true;
}

void guest_write(struct t64_guest *guest, t64_gpa gpa, const void *buffer, u64 size)
{
    t64_vm_write(&guest->vm, gpa.at, buffer, size);
}

/* In the guest's place. */

static void tell(struct t64_guest *guest, t64_gpa gpa)
{
    if (guest->technique->stored)
        guest->technique->stored(guest, gpa);
}

u64 guest_mark(struct t64_guest *guest, const struct t64_walk *found, u32 rights)
{
    u64 marks = walk_marks(found, rights);
    if (marks) {
        t64_hpa at = phys_locate(&guest->vm.phys, found->entry_at);
        guest->vm.work[T64_WORK_MARKS]++;
        host_store_entry(guest->host, at, host_entry(guest->host, at) | marks);
        tell(guest, found->entry_at);
    }
    return found->entry | marks;
}

void guest_accessed(struct t64_guest *guest, t64_gva gva, enum t64_access access)
{
    const struct t64_vm *vm = &guest->vm;
    struct modelled_view view = {.phys = &vm->phys, .ptbr = vm->state.ptbr, .user = vm_in_user_mode(vm)};
    if (T64_UNLIKELY(vm->modelled_tlb != NULL))
        modelled_access(vm->modelled_tlb, &view, gva, access);
}

/* The 8 bytes around it, as they will be. */
static u64 entry_after(u64 entry, t64_gpa gpa, u64 value, u32 size)
{
    memcpy((u8 *)&entry + gpa.at % sizeof entry, &value, size);
    return entry;
}

void guest_store(struct t64_guest *guest, t64_gpa gpa, u64 value, u32 size)
{
    struct shadow *shadow = &guest->shadow;
    t64_gpa entry_at = {gpa.at & ~(u64)7};
    t64_hpa at = phys_locate(&guest->vm.phys, entry_at);
    u64 old = host_entry(guest->host, at), new = entry_after(old, gpa, value, size);
    host_store_entry(guest->host, at, new);
    tell(guest, gpa);
    if (shadow_traces(shadow, (u32)(gpa.at >> FRAME_SHIFT)) && !shadow_means_the_same(old, new) &&
        shadow_keeps_tracing(shadow, entry_at, old, new))
        shadow_entry_changed(shadow, entry_at);
}
