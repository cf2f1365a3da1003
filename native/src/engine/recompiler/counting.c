/* Counting: how often jumps, calls and traps lead to a place, until it is asked for. */
#include "engine/code/entry_kinds.h"
#include "engine/code/fusion.h"
#include "engine/engine.h"
#include "engine/recompiler/internal.h"

void recompiler_let_go(const struct code_cache *cache, struct code_entry *entry, u32 index)
{
    entry->handler = cache->handlers[KIND_UNDECODED];
    for (u32 n = 1; n <= index && n < GROUP_MAX; n++)
        if (entry[-(i32)n].handler == cache->handlers[entry[-(i32)n].kind] || is_fused(cache->handlers, &entry[-(i32)n]))
            entry[-(i32)n].handler = cache->handlers[KIND_UNDECODED];
}

/* One more at this place; is it time to ask? */
static bool is_time(struct t64_recompiler *r, u64 pc)
{
    u16 *counter = &r->counters[counter_of(pc, COUNTERS)];
    if (++*counter < r->config.threshold)
        return false;
    *counter = 0;
    return true;
}

void recompiler_left(struct t64_cpu *cpu, u64 pc, bool stuck)
{
    if (is_time(cpu->code->recompiler, pc))
        recompiler_ask_for(cpu, pc, vm_in_user_mode(cpu->vm), stuck);
}

static bool is_innocuous(u8 kind)
{
    return kind < INSN_COUNT && kind != INSN_ILLEGAL && class_of(kind) == CLASS_INNOCUOUS && kind != INSN_HCALL &&
           kind != INSN_SYSCALL && kind != INSN_BREAK;
}

static bool is_near_branch(u8 kind) { return far_kind_of(kind) && kind != INSN_JAL; }

/* Is this entry to be counted, as long as any is? */
static bool is_for_counting(const struct t64_recompiler *r, const struct code_entry *entry)
{
    u8 kind = entry->kind;
    if (r->config.eager)
        return is_innocuous(kind) || is_far(kind);
    if (is_near_branch(kind) || is_far(kind))
        return entry->imm < 0 || kind == KIND_JAL_FAR;
    return kind == INSN_JAL || kind == INSN_JALR || kind == INSN_SYSCALL ||
           (kind < INSN_COUNT && kind != INSN_ILLEGAL && class_of(kind) != CLASS_INNOCUOUS);
}

static const struct code_entry **settled_slot(struct t64_recompiler *r, const struct code_entry *entry)
{
    return &r->settled[counter_of((u64)(uintptr_t)entry >> 2, ASKED)];
}

void recompiler_watch(struct code_cache *cache, struct code_entry *entry)
{
    struct t64_recompiler *r = cache->recompiler;
    if (!is_for_counting(r, entry))
        return;
    if (*settled_slot(r, entry) == entry) /* there was another instruction then */
        *settled_slot(r, entry) = NULL;
    if (!r->is_waiting)
        entry->handler = cache->handlers[KIND_COUNTED];
}

/* Counting costs a tenth and more, and an answer may take as long as a hundred million instructions. */
void recompiler_pause_counting(struct t64_recompiler *r)
{
    r->is_waiting = true;
    for (u32 p = 0; p < r->cache->used; p++)
        for (u32 n = 0; n < CODE_ENTRIES; n++)
            if (r->cache->pages[p]->entries[n].handler == r->cache->handlers[KIND_COUNTED])
                recompiler_let_go(r->cache, &r->cache->pages[p]->entries[n], n);
}

void recompiler_resume_counting(struct t64_recompiler *r)
{
    r->is_waiting = false;
    for (u32 p = 0; p < r->cache->used; p++)
        for (u32 n = 0; n < CODE_ENTRIES; n++) {
            struct code_entry *entry = &r->cache->pages[p]->entries[n];
            if (entry->handler == r->cache->handlers[KIND_RECOMPILED] || !is_for_counting(r, entry) || *settled_slot(r, entry) == entry)
                continue;
            code_ungroup(r->cache, r->cache->pages[p], n);
            entry->handler = r->cache->handlers[KIND_COUNTED];
        }
}

/* Where the entry at pc, which is counted, leads to. */
static u64 target_of(const struct t64_cpu *cpu, const struct code_entry *entry, u64 pc)
{
    const struct t64_state *state = &cpu->vm->state;
    if (cpu->code->recompiler->config.eager)
        return pc;
    if (is_far(entry->kind))
        return pc + (u64)(i64)entry->imm;
    if (is_near_branch(entry->kind) || entry->kind == INSN_JAL)
        return pc + (u64)(i64)(near_offset(entry) * 4);
    if (entry->kind == INSN_JALR)
        return (state->x[entry->rs1] + (u64)(i64)entry->imm) & ~(u64)1;
    if (cpu->use == CPU_HOSTED) /* the monitor takes it, and comes back behind it */
        return pc + 4;
    if (entry->kind == INSN_SYSCALL)
        return state->tvec;
    return entry->kind == INSN_ERET ? state->epc : pc + 4;
}

/* Is the target in user mode? */
static bool mode_behind(const struct t64_cpu *cpu, const struct code_entry *entry)
{
    bool user = vm_in_user_mode(cpu->vm);
    if (cpu->use == CPU_HOSTED || cpu->code->recompiler->config.eager)
        return user;
    if (entry->kind == INSN_ERET)
        return cpu->vm->state.status & STATUS_PMODE;
    return user && entry->kind != INSN_SYSCALL;
}

void recompiler_count(struct t64_cpu *cpu, struct code_entry *entry, u64 pc)
{
    if (entry->kind == INSN_JALR)
        remember_jump(cpu->code->recompiler, pc, target_of(cpu, entry, pc));
    if (!is_time(cpu->code->recompiler, pc))
        return;
    enum answer answer = recompiler_ask_for(cpu, target_of(cpu, entry, pc), mode_behind(cpu, entry), false);
    bool goes_on = answer == NOT_NOW || (answer == ASKED_FOR && (entry->kind == INSN_JALR || entry->kind == INSN_ERET));
    if (!goes_on)
        *settled_slot(cpu->code->recompiler, entry) = entry;
    if (entry->handler == cpu->handlers[KIND_COUNTED] && (!goes_on || cpu->code->recompiler->config.eager))
        recompiler_let_go(cpu->code, entry, (u32)(pc & 4095) >> 2);
}
