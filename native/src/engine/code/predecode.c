/* One word of a code page becomes an entry: registers, a scaled immediate, and the handler of its kind. */
#include <string.h>

#include "engine/code/code.h"
#include "engine/code/entry_kinds.h"
#include "engine/code/fusion.h"
#include "isa/decode.h"

/* A branch or jal at word `index` of its page, `offset` words away: within the page, or far? */
static bool stays_in_page(i64 index, i64 offset) { return index + offset >= 0 && index + offset < CODE_ENTRIES; }

static u8 far_kind(u8 insn)
{
    switch (insn) {
    case INSN_BEQ: return KIND_BEQ_FAR;
    case INSN_BNE: return KIND_BNE_FAR;
    case INSN_BLT: return KIND_BLT_FAR;
    case INSN_BGE: return KIND_BGE_FAR;
    case INSN_BLTU: return KIND_BLTU_FAR;
    case INSN_BGEU: return KIND_BGEU_FAR;
    default: return KIND_JAL_FAR;
    }
}

static bool has_target(u8 insn) { return (insn >= INSN_BEQ && insn <= INSN_BGEU) || insn == INSN_JAL; }

static bool writes_rd(u8 insn) { return !(insn >= INSN_BEQ && insn <= INSN_BGEU) && !(insn >= INSN_SB && insn <= INSN_SD); }

static void decode_entry(struct code_cache *cache, const u8 *ram, struct code_page *page, struct code_entry *entry)
{
    u32 word;
    u64 index = (u64)(entry - page->entries);
    memcpy(&word, ram + (page->frame << 12) + index * 4, 4);
    struct t64_decoded in = decode(word);
    entry->imm = in.imm | in.rs2, entry->rd = in.rd, entry->rs1 = in.rs1, entry->kind = in.insn; /* one of the two is 0 */
    if (writes_rd(in.insn) && in.rd == 0)
        entry->rd = REGISTER_SINK;
    if (in.insn == INSN_ILLEGAL || in.insn == INSN_HCALL)
        entry->kind = INSN_ILLEGAL, entry->imm = (i32)word;
    else if (has_target(in.insn) && in.imm == 0)
        entry->kind = KIND_SPIN, entry->imm = (i32)word;
    else if (has_target(in.insn) && !stays_in_page((i64)index, in.imm))
        entry->kind = far_kind(in.insn), entry->imm = in.imm * 4;
    else if (has_target(in.insn)) {
        entry->imm = near_displacement(in.imm);
        code_join(cache, page, (u32)((i64)index + in.imm));
    }
    if (index > 0 && is_computing(entry[-1].kind))
        take_as_rs1(entry, entry[-1].rd);
    if (cache->listener)
        cache->listener->decoded(cache, entry);
}

void predecode(struct code_cache *cache, const u8 *ram, struct code_page *page, struct code_entry *entry)
{
    for (u32 n = 0; n == 0 || (n <= GROUP_MAX && may_go_on(entry[n - 1].kind)); n++)
        if (entry[n].kind == KIND_UNDECODED)
            decode_entry(cache, ram, page, &entry[n]);
    if (entry->handler == cache->handlers[KIND_UNDECODED])
        entry->handler = cache->handlers[handler_of(cache->handlers, page, entry)];
}
