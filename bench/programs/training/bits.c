/* Bits counted, reversed and searched: shifts and masks in long chains. */
#include "program.h"

static __attribute__((noinline)) uint32_t population(uint64_t x)
{
    uint32_t count = 0;
    for (; x; x &= x - 1)
        count++;
    return count;
}

static uint64_t reversed(uint64_t x)
{
    x = (x & 0x5555555555555555u) << 1 | (x >> 1 & 0x5555555555555555u);
    x = (x & 0x3333333333333333u) << 2 | (x >> 2 & 0x3333333333333333u);
    x = (x & 0x0f0f0f0f0f0f0f0fu) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0fu);
    x = (x & 0x00ff00ff00ff00ffu) << 8 | (x >> 8 & 0x00ff00ff00ff00ffu);
    x = (x & 0x0000ffff0000ffffu) << 16 | (x >> 16 & 0x0000ffff0000ffffu);
    return x << 32 | x >> 32;
}

static uint32_t leading_zeros(uint64_t x)
{
    uint32_t count = 0;
    for (uint32_t width = 32; width; width /= 2)
        if (!(x >> (64 - width))) {
            count += width;
            x <<= width;
        }
    return count;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 77;
    while (scale--)
        for (int i = 0; i < 100; i++) {
            uint64_t x = (uint64_t)next_random(&random) << 32 | next_random(&random);
            check = mixed(check, population(x) + leading_zeros(x >> (i & 31)) + reversed(x));
        }
    return check;
}
