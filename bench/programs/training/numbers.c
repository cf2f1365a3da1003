/* Numbers to text and back, in two bases: divisions, digits written backwards, strings measured. */
#include "program.h"

static char line[128];

static __attribute__((noinline)) char *write_number(char *to, uint64_t value, uint32_t base)
{
    char reverse[64];
    int length = 0;
    do
        reverse[length++] = "0123456789abcdef"[value % base];
    while (value /= base);
    while (length)
        *to++ = reverse[--length];
    return to;
}

static __attribute__((noinline)) uint64_t read_number(const char *from)
{
    uint64_t value = 0;
    for (; *from >= '0' && *from <= '9'; from++)
        value = 10 * value + (uint64_t)(*from - '0');
    return value;
}

static size_t length_of(const char *text)
{
    const char *end = text;
    while (*end)
        end++;
    return (size_t)(end - text);
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 21;
    while (scale--) {
        uint32_t number = next_random(&random);
        char *end = write_number(line, number, 10);
        *end++ = ' ';
        *write_number(end, (uint64_t)number * number, 16) = 0;
        check = mixed(check, read_number(line) + length_of(line));
    }
    return check;
}
