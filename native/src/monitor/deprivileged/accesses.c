/* Accesses that the monitor makes in a guest's place: its own walk, then its memory. */
#include "monitor/deprivileged/accesses.h"
#include "monitor/deprivileged/trap.h"

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
    static const u8 sizes[INSN_COUNT] = {
#define LOAD(name, type, value) [INSN_OF(name)] = sizeof(type),
#define STORE(name, type) [INSN_OF(name)] = sizeof(type),
#include "engine/interpreter/handlers.h"
    };
    return sizes[in.insn];
}

bool access_stores(struct t64_decoded in)
{
    static const bool stores[INSN_COUNT] = {
#define STORE(name, type) [INSN_OF(name)] = true,
#include "engine/interpreter/handlers.h"
    };
    return stores[in.insn];
}

/* As the instruction extends what it loads. */
static u64 extended(u8 insn, u64 found)
{
    switch (insn) {
#define LOAD(name, type, value) case INSN_OF(name): { type loaded = (type)found; return value; }
#include "engine/interpreter/handlers.h"
    default: return found;
    }
}

static void load(struct t64_guest *guest, struct t64_decoded in, t64_gpa at)
{
    u64 value = 0;
    phys_read(&guest->vm.phys, at, &value, access_size(in));
    if (in.rd)
        hardware_state(guest)->x[in.rd] = extended(in.insn, value);
}

static u64 cause_of(const struct t64_walk *found, u64 misaligned)
{
    if (found->result == WALK_OK)
        return 0;
    return misaligned + (found->result == WALK_PAGE_FAULT ? 1 : 2); /* the causes of an access stand in one order */
}

void access_find(struct t64_guest *guest, struct t64_decoded in, struct access *access)
{
    const struct t64_vm *vm = &guest->vm;
    bool stores = access_stores(in);
    u32 rights = stores ? ACCESS_STORE : ACCESS_LOAD;
    access->gva = access_target(guest, in);
    access->cause = stores ? CAUSE_STORE_MISALIGNED : CAUSE_LOAD_MISALIGNED;
    if (access->gva.at & (access_size(in) - 1))
        return;
    walk_to(&access->found, &vm->phys, vm->state.ptbr, access->gva, rights, vm_in_user_mode(vm));
    access->cause = cause_of(&access->found, access->cause);
}

int access_make(struct t64_guest *guest, struct t64_decoded in, const struct access *access)
{
    guest_mark(guest, &access->found, access_stores(in) ? ACCESS_STORE : ACCESS_LOAD);
    if (access_stores(in))
        guest_store(guest, access->found.gpa, hardware_state(guest)->x[in.rd], access_size(in));
    else
        load(guest, in, access->found.gpa);
    guest_accessed(guest, access->gva, access_stores(in) ? ACCESS_STORE : ACCESS_LOAD);
    guest_step(guest);
    return trap_back(guest);
}

int access_try(struct t64_guest *guest, struct t64_decoded in)
{
    struct access access;
    access_find(guest, in, &access);
    return access.cause ? trap_raise(guest, access.cause, access.gva.at) : access_make(guest, in, &access);
}
