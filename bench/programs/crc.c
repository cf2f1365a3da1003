/* Table lookups by byte: the cyclic redundancy check of Ethernet. */
#include "program.h"

enum { SIZE = 16384 };
static uint32_t table[256];
static uint8_t data[SIZE];

static void make_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        table[byte] = value;
    }
}

static uint32_t crc(const uint8_t *bytes, uint32_t length)
{
    uint32_t value = ~0u;
    while (length--)
        value = table[(value ^ *bytes++) & 255] ^ value >> 8;
    return ~value;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 69069u;
    make_table();
    for (int i = 0; i < SIZE; i++)
        data[i] = (uint8_t)next_random(&random);
    for (uint32_t round = 0; round < scale; round++) {
        data[round % SIZE] ^= (uint8_t)round;
        check = mixed(check, crc(data, SIZE));
    }
    return check;
}
