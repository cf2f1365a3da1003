/* Loads, stores and fetches that the soft TLBs do not answer. */
#ifndef T64_ACCESS_H
#define T64_ACCESS_H

#include "engine/engine.h"

/* For the dispatch loop's misses: 0, or the cause of the trap (its tval is gva). */
u64 access_load(struct t64_cpu *cpu, u64 gva, u32 size, u64 *value);
u64 access_store(struct t64_cpu *cpu, u64 gva, u32 size, u64 value);
u64 access_fetch(struct t64_cpu *cpu, u64 pc, struct code_page **page);

/* Walk as the computer stands now: in one or two dimensions. What is found may be kept. */
struct t64_walk access_walk(struct t64_cpu *cpu, u64 gva, enum t64_access access);

/* For a stopwatch, where there is one: an access is a lap, unless it is part of one. */
static inline bool access_is_timed(const struct t64_cpu *cpu) { return cpu->vm->stopwatch != NULL; }

static inline bool access_begins(struct t64_cpu *cpu) { return lap_begins(cpu->vm->stopwatch, T64_LAP_ACCESSES); }

static inline void access_ends(struct t64_cpu *cpu, bool is_lap)
{
    if (is_lap)
        stopwatch_stop(cpu->vm->stopwatch);
}

/* The soft TLB of the present mode. */
static inline struct tlb *access_tlb(struct t64_cpu *cpu) { return &cpu->tlbs.mode[vm_in_user_mode(cpu->vm)]; }

/* Keep that gva's page is translated so. */
static inline void access_fill(struct t64_cpu *cpu, struct tlb_data *entry, u64 gva, const u8 *bytes)
{
    entry->addend = (u64)(uintptr_t)bytes - gva;
    tlb_fill(&cpu->tlbs, &entry->tag, gva & ~(u64)4095);
}

#endif
