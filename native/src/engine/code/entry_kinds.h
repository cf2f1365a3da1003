/* What an entry of predecoded code can be: an innocuous instruction, or one of the few forms below. */
#ifndef T64_KINDS_H
#define T64_KINDS_H

#include "instructions.h"
#include "isa.h"

/* X(label, kind). Branches and jal that leave their page are FAR; those to themselves SPIN. No entry
 * is of the kinds COUNTED and RECOMPILED: they are handlers that stand before its own, in the fast build alone. */
#define KINDS_EXTRA(X) \
    X(undecoded, KIND_UNDECODED) \
    X(page_end, KIND_PAGE_END) \
    X(spin, KIND_SPIN) \
    X(counted, KIND_COUNTED) \
    X(recompiled, KIND_RECOMPILED) \
    X(jal_far, KIND_JAL_FAR) \
    X(beq_far, KIND_BEQ_FAR) \
    X(bne_far, KIND_BNE_FAR) \
    X(blt_far, KIND_BLT_FAR) \
    X(bge_far, KIND_BGE_FAR) \
    X(bltu_far, KIND_BLTU_FAR) \
    X(bgeu_far, KIND_BGEU_FAR)

enum code_kind {
    KIND_LAST_INSTRUCTION = INSN_COUNT - 1, /* enum t64_insn comes first, under its own numbers */
#define KIND(name, kind) kind,
    KINDS_EXTRA(KIND)
#undef KIND
    KIND_COUNT
};

#endif
