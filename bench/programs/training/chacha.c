/* A stream cipher (Bernstein's ChaCha, 2008): sixteen words of 32 bits in memory, added, rotated and exclusive-ored. */
#include "program.h"

enum { WORDS = 16, TEXT = 1024 };
static uint8_t text[TEXT];

static uint32_t rotated(uint32_t value, int left)
{
    return value << left | value >> (32 - left);
}

static __attribute__((noinline)) void quarter_round(uint32_t *words, int a, int b, int c, int d)
{
    words[a] += words[b], words[d] = rotated(words[d] ^ words[a], 16);
    words[c] += words[d], words[b] = rotated(words[b] ^ words[c], 12);
    words[a] += words[b], words[d] = rotated(words[d] ^ words[a], 8);
    words[c] += words[d], words[b] = rotated(words[b] ^ words[c], 7);
}

static void make_block(uint32_t *out, const uint32_t *key)
{
    for (int i = 0; i < WORDS; i++)
        out[i] = key[i];
    for (int twice = 0; twice < 10; twice++) {
        for (int i = 0; i < 4; i++)
            quarter_round(out, i, 4 + i, 8 + i, 12 + i);
        for (int i = 0; i < 4; i++)
            quarter_round(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (int i = 0; i < WORDS; i++)
        out[i] += key[i];
}

static void encrypt(uint32_t *key)
{
    uint32_t block[WORDS];
    for (uint32_t at = 0; at < TEXT; at++) {
        if (at % (4 * WORDS) == 0) {
            make_block(block, key);
            key[12]++;
        }
        text[at] ^= (uint8_t)(block[at / 4 % WORDS] >> at % 4 * 8);
    }
}

uint64_t program(uint32_t scale)
{
    uint32_t key[WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    uint32_t random = 79;
    uint64_t check = 0;
    for (int i = 4; i < WORDS; i++)
        key[i] = next_random(&random);
    for (int i = 0; i < TEXT; i++)
        text[i] = 0;
    while (scale--) {
        encrypt(key);
        check = mixed(check, (uint64_t)text[scale % TEXT] << 8 | text[TEXT - 1]);
    }
    return check;
}
