/* One word of a code page becomes an entry: registers, a scaled immediate, and the handler of its kind. */
#include <string.h>

#include "decode.h"
#include "engine.h"
#include "kinds.h"
#include "recompiler.h"

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

void predecode(struct t64_cpu *cpu, struct code_page *page, struct code_entry *entry)
{
    u32 word;
    u64 index = (u64)(entry - page->entries);
    memcpy(&word, cpu->vm->phys.ram + (page->frame << 12) + index * 4, 4);
    struct t64_decoded in = decode(word);
    struct code_entry made = {.imm = in.imm, .rd = in.rd, .rs1 = in.rs1, .rs2 = in.rs2, .kind = in.insn};
    if (writes_rd(in.insn) && in.rd == 0)
        made.rd = REGISTER_SINK;
    if (in.insn == INSN_ILLEGAL || in.insn == INSN_HCALL)
        made.kind = INSN_ILLEGAL, made.imm = (i32)word;
    else if (has_target(in.insn) && in.imm == 0)
        made.kind = KIND_SPIN, made.imm = (i32)word;
    else if (has_target(in.insn) && !stays_in_page((i64)index, in.imm))
        made.kind = far_kind(in.insn), made.imm = in.imm * 4;
    else if (has_target(in.insn))
        made.imm = in.imm * (i32)sizeof(struct code_entry);
    made.handler = cpu->handlers[made.kind];
    if (cpu->code->recompiler)
        recompiler_watch(cpu, &made);
    *entry = made;
}
