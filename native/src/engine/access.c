/* Loads, stores and fetches that the soft TLBs do not answer. */
#include <string.h>

#include "engine/access.h"
#include "engine/marks.h"
#include "isa.h"

/* The causes of one kind of access stand in one order: misaligned, page fault, access fault. */
static u64 cause_of(enum t64_walk_result result, u64 misaligned)
{
    if (result == WALK_NESTED_FAULT)
        return GUEST_EXIT_NESTED_FAULT;
    return misaligned + (result == WALK_PAGE_FAULT ? 1 : 2);
}
_Static_assert(CAUSE_LOAD_PAGE_FAULT == CAUSE_LOAD_MISALIGNED + 1 && CAUSE_LOAD_ACCESS_FAULT == CAUSE_LOAD_MISALIGNED + 2 &&
                   CAUSE_STORE_PAGE_FAULT == CAUSE_STORE_MISALIGNED + 1 &&
                   CAUSE_STORE_ACCESS_FAULT == CAUSE_STORE_MISALIGNED + 2 &&
                   CAUSE_FETCH_PAGE_FAULT == CAUSE_FETCH_MISALIGNED + 1 &&
                   CAUSE_FETCH_ACCESS_FAULT == CAUSE_FETCH_MISALIGNED + 2,
               "causes are computed");

struct t64_walk access_walk(struct t64_cpu *cpu, u64 gva, enum t64_access access)
{
    struct t64_vm *vm = cpu->vm;
    struct t64_walk found = T64_UNLIKELY(cpu->guest != NULL)
                                ? guest_walk(cpu, (t64_gva){gva}, access)
                                : walk(&vm->phys, vm->state.ptbr, (t64_gva){gva}, access, vm_in_user_mode(vm));
    superpages_keep(&cpu->tlbs.superpages, (t64_gva){gva}, found.level);
    return found;
}

/* Walk for an access and mark the leaf; 0 or the cause. */
static u64 translate(struct t64_cpu *cpu, u64 gva, enum t64_access access, u64 misaligned, t64_hpa *hpa)
{
    struct t64_vm *vm = cpu->vm;
    vm->work[access == ACCESS_FETCH ? T64_WORK_FETCH_WALKS : T64_WORK_WALKS]++;
    struct t64_walk found = access_walk(cpu, gva, access);
    if (found.result != WALK_OK)
        return cause_of(found.result, misaligned);
    mark_entry(cpu, &found, walk_marks(&found, access));
    *hpa = phys_locate(&vm->phys, found.gpa);
    return 0;
}

static inline u64 load(struct t64_cpu *cpu, u64 gva, u32 size, u64 *value)
{
    if (gva & (size - 1))
        return CAUSE_LOAD_MISALIGNED;
    t64_hpa hpa;
    u64 cause = translate(cpu, gva, ACCESS_LOAD, CAUSE_LOAD_MISALIGNED, &hpa);
    if (cause)
        return cause;
    const u8 *bytes = cpu->vm->phys.ram + hpa.at;
    *value = 0;
    memcpy(value, bytes, size);
    access_fill(cpu, &access_tlb(cpu)->load[tlb_slot(gva)], gva, bytes);
    return 0;
}

/* A store that was walked for has changed what was decoded. */
static void change_code(struct t64_cpu *cpu, t64_hpa hpa, u64 size)
{
    u64 *work = cpu->vm->work;
    work[T64_WORK_WALKS]--;
    work[T64_WORK_CODE_STORES]++;
    code_changed(cpu->code, hpa, size);
}

static inline u64 store(struct t64_cpu *cpu, u64 gva, u32 size, u64 value)
{
    if (gva & (size - 1))
        return CAUSE_STORE_MISALIGNED;
    t64_hpa hpa;
    u64 cause = translate(cpu, gva, ACCESS_STORE, CAUSE_STORE_MISALIGNED, &hpa);
    if (cause)
        return cause;
    u8 *bytes = phys_to_write(&cpu->vm->phys, hpa);
    memcpy(bytes, &value, size);
    if (code_of(cpu->code, hpa.at >> 12))
        change_code(cpu, hpa, size);
    else
        access_fill(cpu, &access_tlb(cpu)->store[tlb_slot(gva)], gva, bytes);
    return 0;
}

static struct code_page *new_code(struct t64_cpu *cpu, u64 frame)
{
    bool evicted;
    struct code_page *page = code_new(cpu->code, frame, &evicted);
    if (evicted)
        tlb_drop_code(cpu->code->engines, page);
    tlb_protect(cpu->code->engines, cpu->vm->phys.ram + (frame << 12));
    cpu->vm->work[T64_WORK_CODE_PAGES]++;
    return page;
}

static inline u64 fetch(struct t64_cpu *cpu, u64 pc, struct code_page **page)
{
    if (pc & 3)
        return CAUSE_FETCH_MISALIGNED;
    struct tlb_fetch *entry = &access_tlb(cpu)->fetch[tlb_slot(pc)];
    if (T64_LIKELY(entry->tag == (pc & ~(u64)4095))) {
        *page = entry->page;
        return 0;
    }
    t64_hpa hpa;
    u64 cause = translate(cpu, pc, ACCESS_FETCH, CAUSE_FETCH_MISALIGNED, &hpa);
    if (cause)
        return cause;
    *page = code_of(cpu->code, hpa.at >> 12);
    if (!*page)
        *page = new_code(cpu, hpa.at >> 12);
    (*page)->recent = true;
    entry->page = *page;
    tlb_fill(&cpu->tlbs, &entry->tag, pc & ~(u64)4095);
    return 0;
}

static T64_COLD u64 timed_load(struct t64_cpu *cpu, u64 gva, u32 size, u64 *value)
{
    bool is_lap = access_begins(cpu);
    u64 cause = load(cpu, gva, size, value);
    access_ends(cpu, is_lap);
    return cause;
}

u64 access_load(struct t64_cpu *cpu, u64 gva, u32 size, u64 *value)
{
    return T64_UNLIKELY(access_is_timed(cpu)) ? timed_load(cpu, gva, size, value) : load(cpu, gva, size, value);
}

static T64_COLD u64 timed_store(struct t64_cpu *cpu, u64 gva, u32 size, u64 value)
{
    bool is_lap = access_begins(cpu);
    u64 cause = store(cpu, gva, size, value);
    access_ends(cpu, is_lap);
    return cause;
}

u64 access_store(struct t64_cpu *cpu, u64 gva, u32 size, u64 value)
{
    return T64_UNLIKELY(access_is_timed(cpu)) ? timed_store(cpu, gva, size, value) : store(cpu, gva, size, value);
}

static T64_COLD u64 timed_fetch(struct t64_cpu *cpu, u64 pc, struct code_page **page)
{
    bool is_lap = access_begins(cpu);
    u64 cause = fetch(cpu, pc, page);
    access_ends(cpu, is_lap);
    return cause;
}

u64 access_fetch(struct t64_cpu *cpu, u64 pc, struct code_page **page)
{
    return T64_UNLIKELY(access_is_timed(cpu)) ? timed_fetch(cpu, pc, page) : fetch(cpu, pc, page);
}
