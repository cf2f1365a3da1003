/* The recompiler: regions of host code in place of guest code, entered, and judged by what that spares. */
#include <stdlib.h>
#include <string.h>

#include "engine/code/entry_kinds.h"
#include "engine/engine.h"
#include "engine/recompiler/internal.h"

/* An entry is judged after what lies behind its region has had the time to become part of a larger one. */
enum { THRESHOLDS_TO_JUDGE = 2, LOSS_MAX = 1 << 18 };
enum { ENTERING = 12, REACHING = 16 }; /* what entering a region and finding a site take, in instructions of the interpreter */

static void close(struct code_cache *cache)
{
    struct t64_recompiler *r = cache->recompiler;
    for (u32 n = 0; n < r->region_count; n++)
        free(r->regions[n]);
    free(r);
}

static const struct code_listener listener = {.decoded = recompiler_watch, .forget = recompiler_forget, .close = close};

struct t64_recompiler *recompiler_new(struct code_cache *cache, const t64_recompiler_config *config)
{
    struct t64_recompiler *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->cache = cache;
    r->config = *config;
    r->counts.bytes = sizeof *r;
    cache->recompiler = r;
    cache->listener = &listener;
    return r;
}

void t64_recompiler_read_counts(t64_recompiler *r, t64_recompiler_counts *counts)
{
    *counts = r->counts;
    counts->live = r->region_count;
}

struct region_entry *recompiler_entry(const struct code_cache *cache, const struct code_page *page, u64 pc, bool user)
{
    struct region_entry *entry = &cache->recompiler->entries[page->compiled->entry[(pc & 4095) >> 2]];
    return entry->gva == pc && entry->user == user ? entry : NULL;
}

/* Where translations are forgotten all the time, or few instructions follow, compiled code does not pay. */
static void judge(struct t64_recompiler *r, struct region_entry *entry)
{
    if (entry->spared < 0) {
        u32 place = counter_of(entry->gva, ASKED);
        r->useless[place] = name_of(entry->gva, entry->user);
        r->useless_code[place] = entry->code;
        recompiler_remove_entry(r, entry);
        return;
    }
    entry->runs = 0;
    entry->spared = 0;
}

/* Translations are not what they were. */
static void begin_epoch(struct region *region, u64 epoch)
{
    memset(region->counts, 0, region->site_count * sizeof region->counts[0]);
    memset(region->present, 0, sizeof region->present);
    region->epoch = epoch;
}

u64 recompiler_enter(struct t64_cpu *cpu, struct region_entry *entry, u64 left)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    struct region *region = entry->region;
    struct t64_state *state = &cpu->vm->state;
    if (T64_UNLIKELY(region->epoch != cpu->tlbs.epoch))
        begin_epoch(region, cpu->tlbs.epoch);
    region->jumped_from = 0;
    u32 misses = region->misses;
    u64 rest = entry->code(state->x, cpu, left, region, region->sites, entry->index);
    if (region->jumped_from)
        remember_jump(r, region->jumped_from, state->pc);
    u64 retired = left - (rest & ~REGION_STUCK);
    entry->spared += (i64)retired - ENTERING - REACHING * (i64)(region->misses - misses);
    r->counts.retired += retired;
    r->counts.entered++;
    cpu->vm->work[T64_WORK_ENTRIES]++;
    if ((++entry->runs == THRESHOLDS_TO_JUDGE * r->config.threshold || entry->spared < -LOSS_MAX) && !r->config.eager)
        judge(r, entry);
    return rest;
}

bool recompiler_run(struct t64_cpu *cpu, struct code_page *page, u64 left)
{
    struct t64_state *state = &cpu->vm->state;
    bool user = vm_in_user_mode(cpu->vm);
    struct code_entry *decoded = &page->entries[(state->pc & 4095) >> 2];
    if (cpu->code->recompiler->config.eager && decoded->kind == KIND_UNDECODED)
        predecode(cpu->code, cpu->vm->phys.ram, page, decoded);
    if (decoded->handler == cpu->handlers[KIND_COUNTED])
        recompiler_count(cpu, decoded, state->pc);
    if (decoded->handler != cpu->handlers[KIND_RECOMPILED])
        return false;
    struct region_entry *entry = recompiler_entry(cpu->code, page, state->pc, user);
    if (!entry || left < entry->need)
        return false;
    u64 rest = recompiler_enter(cpu, entry, left) & ~REGION_STUCK;
    if (rest == left)
        return false; /* nothing retired: what stands there is for the interpreter */
    state->retired += left - rest;
    state->fresh = 0;
    return true;
}
