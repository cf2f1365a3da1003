/* Bytes to base 64 and back: shifts, masks, tables of bytes. */
#include "program.h"

enum { BYTES = 1536 };
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t bytes[BYTES], values[256];
static char text[BYTES / 3 * 4];

static void encode(void)
{
    char *out = text;
    for (int i = 0; i < BYTES; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = digits[three >> 6 & 63];
        *out++ = digits[three & 63];
    }
}

static void decode(void)
{
    uint8_t *out = bytes;
    for (unsigned i = 0; i < sizeof text; i += 4) {
        uint32_t three = 0;
        for (int j = 0; j < 4; j++)
            three = three << 6 | values[(uint8_t)text[i + j]];
        *out++ = (uint8_t)(three >> 16);
        *out++ = (uint8_t)(three >> 8);
        *out++ = (uint8_t)three;
    }
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 9;
    for (int i = 0; i < 64; i++)
        values[(uint8_t)digits[i]] = (uint8_t)i;
    while (scale--) {
        bytes[scale % BYTES] = (uint8_t)next_random(&random);
        encode();
        decode();
        check = mixed(check, (uint64_t)text[7] << 8 | bytes[scale % BYTES]);
    }
    return check;
}
