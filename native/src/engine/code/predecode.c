/* One word of a code page becomes an entry: registers, a scaled immediate, and the handler of its kind. */
#include <string.h>

#include "engine/code/code.h"
#include "engine/code/entry_kinds.h"
#include "engine/code/fusion.h"
#include "isa/decode.h"

/* A branch or jal at word `index` of its page, `offset` words away: within the page, or far? */
static bool stays_in_page(i64 index, i64 offset) { return index + offset >= 0 && index + offset < CODE_ENTRIES; }

static bool reads_rd(u8 insn)
{
    static const bool read[INSN_COUNT] = {T64_RD_IS_READ};
    return read[insn];
}

static void decode_entry(struct code_cache *cache, const u8 *ram, struct code_page *page, struct code_entry *entry)
{
    u32 word;
    u64 index = (u64)(entry - page->entries);
    memcpy(&word, ram + (page->frame << 12) + index * 4, 4);
    struct t64_decoded in = decode(word);
    u8 far = far_kind_of(in.insn); /* 0: it has no target */
    entry->imm = in.imm | in.rs2, entry->rd = in.rd, entry->rs1 = in.rs1, entry->kind = in.insn; /* one of the two is 0 */
    if (!reads_rd(in.insn) && in.rd == 0)
        entry->rd = REGISTER_SINK;
    if (in.insn == INSN_ILLEGAL || in.insn == INSN_HCALL)
        entry->kind = INSN_ILLEGAL, entry->imm = (i32)word;
    else if (far && in.imm == 0)
        entry->kind = KIND_SPIN, entry->imm = (i32)word;
    else if (far && !stays_in_page((i64)index, in.imm))
        entry->kind = far, entry->imm = in.imm * 4;
    else if (far) {
        entry->imm = near_displacement(in.imm);
        code_join(cache, page, (u32)((i64)index + in.imm));
    }
    if (index > 0 && is_computing(entry[-1].kind))
        take_as_rs1(entry, entry[-1].rd);
    if (cache->listener)
        cache->listener->decoded(cache, entry);
}

u32 predecode(struct code_cache *cache, const u8 *ram, struct code_page *page, struct code_entry *entry)
{
    u32 decoded = 0;
    for (u32 n = 0; n == 0 || (n <= GROUP_MAX && may_go_on(entry[n - 1].kind)); n++)
        if (entry[n].kind == KIND_UNDECODED) {
            decode_entry(cache, ram, page, &entry[n]);
            decoded++;
        }
    if (entry->handler == cache->handlers[KIND_UNDECODED])
        entry->handler = cache->handlers[handler_of(cache->handlers, page, entry)];
    return decoded;
}
