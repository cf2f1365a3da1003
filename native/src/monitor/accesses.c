/* Accesses that the monitor makes in a guest's place: its own walk, then its memory. */
#include "accesses.h"

#include <string.h>

struct t64_decoded guest_instruction(struct t64_guest *guest)
{
    const struct t64_vm *vm = &guest->vm;
    u32 word = 0;
    struct t64_walk found =
        walk(&vm->phys, vm->state.ptbr, (t64_gva){vm->state.pc}, ACCESS_FETCH, vm_in_user_mode(vm));
    if (found.result == WALK_OK)
        phys_read(&vm->phys, found.gpa, &word, sizeof word);
    return decode(word); /* 0 is illegal */
}

u32 store_size(struct t64_decoded in)
{
    switch (in.insn) {
    case INSN_SB: return 1;
    case INSN_SH: return 2;
    case INSN_SW: return 4;
    case INSN_SD: return 8;
    default: return 0;
    }
}

u64 guest_mark(struct t64_guest *guest, const struct t64_walk *found, u32 rights)
{
    u64 marks = walk_marks(found, rights);
    if (marks) {
        t64_hpa at = phys_locate(&guest->vm.phys, found->entry_at);
        *host_entry(guest->host, at) |= marks;
        host_memory_changed(guest->host, at, sizeof(u64));
    }
    return found->entry | marks;
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
    u64 old = *host_entry(guest->host, at), new = entry_after(old, gpa, value, size);
    *host_entry(guest->host, at) = new;
    host_memory_changed(guest->host, at, sizeof new);
    if (shadow_traces(shadow, (u32)(gpa.at >> FRAME_SHIFT)) && shadow_keeps_tracing(shadow, entry_at, old, new))
        shadow_entry_changed(shadow, entry_at, old, new);
}
