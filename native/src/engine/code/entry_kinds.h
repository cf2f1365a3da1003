/* What an entry of predecoded code can be: an innocuous instruction, or one of the few forms below. */
#ifndef T64_KINDS_H
#define T64_KINDS_H

#include "base/types.h"
#include "instructions.h"
#include "isa.h"

/* X(label, kind). Those that lead to themselves SPIN. No entry is of the kinds COUNTED and RECOMPILED: they are handlers that
 * stand before its own, in the fast build alone. */
#define KINDS_EXTRA(X) \
    X(undecoded, KIND_UNDECODED) \
    X(page_end, KIND_PAGE_END) \
    X(spin, KIND_SPIN) \
    X(counted, KIND_COUNTED) \
    X(recompiled, KIND_RECOMPILED)

enum code_kind {
    KIND_LAST_INSTRUCTION = INSN_COUNT - 1, /* enum t64_insn comes first, under its own numbers */
#define KIND(label, kind) kind,
    KINDS_EXTRA(KIND)
#undef KIND
#define KIND(name, NAME) KIND_##NAME##_FAR, /* branches and jal that leave their page */
    T64_TARGETED(KIND)
#undef KIND
    KIND_COUNT
};

/* The kind of a branch or jal that leaves its page; 0: this is neither. */
static inline u8 far_kind_of(u8 insn)
{
    switch (insn) {
#define FAR_KIND(name, NAME) case INSN_##NAME: return KIND_##NAME##_FAR;
    T64_TARGETED(FAR_KIND)
#undef FAR_KIND
    default: return 0;
    }
}

static inline bool is_far(u8 kind) { return kind > KIND_RECOMPILED; }

#endif
