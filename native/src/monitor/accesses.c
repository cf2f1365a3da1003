/* Accesses that the monitor makes in a guest's place: its own walk, then its memory. */
#include "accesses.h"
#include "rewriting.h"
#include "trap.h"

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

u32 access_size(struct t64_decoded in)
{
    switch (in.insn) {
    case INSN_LB:
    case INSN_LBU:
    case INSN_SB: return 1;
    case INSN_LH:
    case INSN_LHU:
    case INSN_SH: return 2;
    case INSN_LW:
    case INSN_LWU:
    case INSN_SW: return 4;
    case INSN_LD:
    case INSN_SD: return 8;
    default: return 0;
    }
}

bool access_stores(struct t64_decoded in) { return in.insn >= INSN_SB && in.insn <= INSN_SD; }

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
    if (guest->rewriting && code_is_known(guest, (u32)(gpa.at >> FRAME_SHIFT)))
        code_forget(guest, (u32)(gpa.at >> FRAME_SHIFT));
    if (shadow_traces(shadow, (u32)(gpa.at >> FRAME_SHIFT)) && shadow_keeps_tracing(shadow, entry_at, old, new))
        shadow_entry_changed(shadow, entry_at, old, new);
}

/* As the instruction extends what it loads. */
static u64 extended(u8 insn, u64 value)
{
    switch (insn) {
    case INSN_LB: return (u64)(i64)(i8)value;
    case INSN_LH: return (u64)(i64)(i16)value;
    case INSN_LW: return (u64)(i64)(i32)value;
    default: return value;
    }
}

static void load(struct t64_guest *guest, struct t64_decoded in, t64_gpa at)
{
    u64 value = 0;
    phys_read(&guest->vm.phys, at, &value, access_size(in));
    if (in.rd)
        hardware_state(guest)->x[in.rd] = extended(in.insn, value);
}

int access_make(struct t64_guest *guest, struct t64_decoded in)
{
    const struct t64_vm *vm = &guest->vm;
    const u64 *x = hardware_state(guest)->x;
    bool stores = access_stores(in);
    u64 misaligned = stores ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED;
    u32 rights = stores ? ACCESS_STORE : ACCESS_LOAD;
    t64_gva gva = {x[in.rs1] + (u64)(i64)in.imm};
    if (gva.at & (access_size(in) - 1))
        return trap_raise(guest, misaligned, gva.at);
    struct t64_walk found = walk(&vm->phys, vm->state.ptbr, gva, rights, vm_in_user_mode(vm));
    if (found.result != WALK_OK)
        return trap_raise(guest, misaligned + (found.result == WALK_PAGE_FAULT ? 1 : 2), gva.at);
    guest_mark(guest, &found, rights);
    if (stores)
        guest_store(guest, found.gpa, x[in.rd], access_size(in));
    else
        load(guest, in, found.gpa);
    guest_step(guest);
    return trap_back(guest);
}
