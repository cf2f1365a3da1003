/* Random code for the C tests, and values that lead it to itself. */
#ifndef T64_TESTS_RANDOM_CODE_H
#define T64_TESTS_RANDOM_CODE_H

#include "assemble.h"

enum { CODE = 0x1000, CODE_SIZE = 0x3000 };

struct random {
    u64 state;
};

static inline u64 draw(struct random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline u64 below(struct random *random, u64 limit) { return (draw(random) >> 11) % limit; }

/* A legal word, every instruction as likely as another, with small immediates most of the time. */
static inline u32 draw_word(struct random *random)
{
    for (;;) {
        struct t64_decoded in = {.insn = (u8)(1 + below(random, INSN_COUNT - 1)), .rd = (u8)below(random, 32),
                                 .rs1 = (u8)below(random, 32), .rs2 = (u8)below(random, 32),
                                 .imm = (i32)below(random, 64) - (below(random, 3) ? 0 : 32)};
        if (in.insn == INSN_CRW && in.imm == CR_TVEC)
            continue; /* the handlers stay where they are */
        u32 word = encode(in);
        if (decode(word).insn != INSN_ILLEGAL)
            return word;
    }
}

static inline u64 draw_value(struct random *random)
{
    switch (below(random, 5)) {
    case 0: return draw(random);
    case 1: return below(random, 64);
    case 2: return T64_NOWHERE - below(random, 4);
    default: return CODE + below(random, CODE_SIZE + 0x1000) / 8 * 8; /* code and data, aligned for everything */
    }
}

/* Random code, where it is to stand. */
static inline void place_code(t64_vm *vm, struct random *random)
{
    for (u64 at = CODE; at < CODE + CODE_SIZE; at += 4) {
        u32 word = draw_word(random);
        place(vm, at, &word, 1);
    }
}

/* Control registers for a life of `steps` instructions; handlers stand among the code. */
static inline void set_controls(t64_vm *vm, struct random *random, u64 steps)
{
    t64_vm_set_cr(vm, CR_TVEC, CODE + below(random, CODE_SIZE) / 4 * 4);
    t64_vm_set_cr(vm, CR_IMASK, below(random, 8));
    t64_vm_set_cr(vm, CR_TIMECMP, below(random, 4) ? below(random, steps) : T64_NOWHERE - below(random, 3));
    t64_vm_set_cr(vm, CR_STATUS, below(random, 2) * STATUS_IE | below(random, 2) * STATUS_PMODE);
}

#endif
