/* What a measured program is: one function, without a library, whose work grows with `scale` and whose result checks it. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stddef.h>
#include <stdint.h>

uint64_t program(uint32_t scale);

/* Numbers that look random and are always the same (a xorshift generator, after Marsaglia 2003). */
static inline uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

/* A running check over results: multiply and add. */
static inline uint64_t mixed(uint64_t check, uint64_t value)
{
    return (check ^ value) * 0x100000001b3u + 0x9e37;
}

#endif
