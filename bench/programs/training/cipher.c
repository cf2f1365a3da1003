/* 32-bit additions, shifts and exclusive ors: a block cipher in the manner of XTEA (Needham and Wheeler, 1997). */
#include "program.h"

static void encipher(uint32_t block[2], const uint32_t key[4])
{
    uint32_t a = block[0], b = block[1], sum = 0;
    for (int round = 0; round < 32; round++) {
        a += (((b << 4) ^ (b >> 5)) + b) ^ (sum + key[sum & 3]);
        sum += 0x9e3779b9u;
        b += (((a << 4) ^ (a >> 5)) + a) ^ (sum + key[sum >> 11 & 3]);
    }
    block[0] = a;
    block[1] = b;
}

uint64_t program(uint32_t scale)
{
    uint32_t block[2] = {1, 2}, key[4] = {0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210};
    for (uint32_t i = 0; i < scale * 100; i++) {
        encipher(block, key);
        key[i & 3] ^= block[0];
    }
    return (uint64_t)block[0] << 32 | block[1];
}
