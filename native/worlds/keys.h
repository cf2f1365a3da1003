/* Keys: 128 bits that stand for all bytes of something. A key is a sum over its words, so that it follows a change without a look
 * at the rest; a word of zero adds nothing. toyvm/verify/worlds/keys.py has the same. */
#ifndef T64_WORLDS_KEYS_H
#define T64_WORLDS_KEYS_H

#include "base/types.h"

struct key {
    u64 low, high;
};

static inline u64 key_mixed(u64 value)
{
    value ^= value >> 32;
    value *= 0xd6e8feb86659fd93;
    value ^= value >> 29;
    value *= 0x9e3779b97f4a7c15;
    return value ^ value >> 32;
}

/* Of a thing made of words: what one of them adds. */
static inline void key_add_word(struct key *sum, u64 number, u64 word)
{
    if (!word)
        return;
    sum->low += key_mixed(word + (number + 1) * 0xc2b2ae3d27d4eb4f);
    sum->high += key_mixed((word ^ 0x243f6a8885a308d3) * 0x9fb21c651e98df25 + number);
}

static inline void key_subtract_word(struct key *sum, u64 number, u64 word)
{
    struct key none = {0, 0};
    key_add_word(&none, number, word);
    sum->low -= none.low;
    sum->high -= none.high;
}

/* Of a thing made of such things. */
static inline void key_add(struct key *sum, u64 number, struct key part)
{
    sum->low += key_mixed(part.low + (number + 1) * 0xc2b2ae3d27d4eb4f);
    sum->high += key_mixed(part.high ^ key_mixed(number + 1));
}

static inline void key_subtract(struct key *sum, u64 number, struct key part)
{
    struct key none = {0, 0};
    key_add(&none, number, part);
    sum->low -= none.low;
    sum->high -= none.high;
}

static inline bool keys_equal(struct key one, struct key other) { return one.low == other.low && one.high == other.high; }

#endif
