/* Text in UTF-8 (RFC 3629) written and read, with damage: ranges of bytes told apart by compares, shifts and masks. */
#include "program.h"

enum { CHARACTERS = 1000, NONE = 0xfffd };
static uint8_t text[4 * CHARACTERS];

static uint8_t *write_character(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (uint8_t)code;
        return to;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    *to++ = (uint8_t)(0xf00 >> more | code >> 6 * more);
    while (more--)
        *to++ = (uint8_t)(0x80 | (code >> 6 * more & 0x3f));
    return to;
}

static uint32_t read_character(const uint8_t **from, const uint8_t *end)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t first = *(*from)++;
    if (first < 0x80)
        return first;
    if (first < 0xc2 || first > 0xf4)
        return NONE;
    int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t code = first & (0x3fu >> more);
    for (int i = 0; i < more; i++) {
        if (*from == end || (**from & 0xc0) != 0x80)
            return NONE;
        code = code << 6 | (*(*from)++ & 0x3f);
    }
    int is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[more] || is_surrogate || code > 0x10ffff ? NONE : code;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 109;
    while (scale--) {
        uint8_t *end = text;
        for (int i = 0; i < CHARACTERS; i++) {
            uint32_t value = next_random(&random);
            end = write_character(end, (value & 0xfffff) >> (value >> 20) % 16);
        }
        for (int i = 0; i < 10; i++)
            text[next_random(&random) % (uint32_t)(end - text)] ^= 0x40;
        for (const uint8_t *from = text; from < end;)
            check = mixed(check, read_character(&from, end));
    }
    return check;
}
