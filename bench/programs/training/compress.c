/* Byte comparisons and copies: a window compressor in the manner of Lempel and Ziv, 1977, and its inverse. */
#include "program.h"

enum { SIZE = 8192, HASHES = 1024, SHORTEST = 4, LONGEST = 255 };
static uint8_t text[SIZE + LONGEST], packed[2 * SIZE], unpacked[SIZE];
static uint16_t last_seen[HASHES];

static uint32_t hash_of(const uint8_t *at)
{
    return ((uint32_t)at[0] * 961 + (uint32_t)at[1] * 31 + (uint32_t)at[2] * 7 + at[3]) % HASHES;
}

static uint32_t match_length(const uint8_t *one, const uint8_t *other, uint32_t most)
{
    uint32_t length = 0;
    while (length < most && one[length] == other[length])
        length++;
    return length;
}

static uint32_t pack(void)
{
    uint32_t out = 0;
    for (uint32_t i = 0; i < HASHES; i++)
        last_seen[i] = 0;
    for (uint32_t at = 0; at < SIZE;) {
        uint32_t hash = hash_of(text + at), before = last_seen[hash];
        uint32_t most = SIZE - at < LONGEST ? SIZE - at : LONGEST;
        uint32_t length = before < at ? match_length(text + before, text + at, most) : 0;
        last_seen[hash] = (uint16_t)at;
        if (length >= SHORTEST) {
            packed[out++] = (uint8_t)length;
            packed[out++] = (uint8_t)(before >> 8);
            packed[out++] = (uint8_t)before;
            at += length;
        } else {
            packed[out++] = 0;
            packed[out++] = text[at++];
        }
    }
    return out;
}

static void unpack(uint32_t size)
{
    uint32_t out = 0;
    for (uint32_t in = 0; in < size;) {
        uint32_t length = packed[in++];
        if (!length) {
            unpacked[out++] = packed[in++];
            continue;
        }
        uint32_t from = (uint32_t)packed[in] << 8 | packed[in + 1];
        in += 2;
        while (length--)
            unpacked[out++] = unpacked[from++];
    }
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t round = 0; round < scale; round++) {
        uint32_t random = 88172645u + round;
        for (uint32_t i = 0; i < SIZE; i++)
            text[i] = (uint8_t)(next_random(&random) % 5 ? 'a' + i % 7 : 'a' + random % 26);
        uint32_t size = pack();
        unpack(size);
        for (uint32_t i = 0; i < SIZE; i++)
            if (unpacked[i] != text[i])
                return 0;
        check = mixed(check, size);
    }
    return check;
}
