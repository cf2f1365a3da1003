/* Blocks of memory copied, compared and filled, by bytes and by words. */
#include "program.h"

enum { BYTES = 2000, WORDS = 256 };
static uint8_t one[BYTES], other[BYTES];
static uint64_t from[WORDS], to[WORDS];

static __attribute__((noinline)) void copy_bytes(uint8_t *out, const uint8_t *in, size_t count)
{
    while (count--)
        *out++ = *in++;
}

static __attribute__((noinline)) void copy_words(uint64_t *out, const uint64_t *in, size_t count)
{
    for (; count >= 4; count -= 4, out += 4, in += 4) {
        out[0] = in[0];
        out[1] = in[1];
        out[2] = in[2];
        out[3] = in[3];
    }
    while (count--)
        *out++ = *in++;
}

static __attribute__((noinline)) int compare(const uint8_t *a, const uint8_t *b, size_t count)
{
    for (; count; count--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 1;
    while (scale--) {
        one[scale % BYTES] = (uint8_t)next_random(&random);
        from[scale % WORDS] = next_random(&random);
        copy_bytes(other, one, BYTES);
        copy_words(to, from, WORDS);
        check = mixed(check, to[scale % WORDS] + (uint64_t)compare(one, other, BYTES));
        for (int i = 0; i < BYTES; i += 3)
            other[i] = 0;
    }
    return check;
}
