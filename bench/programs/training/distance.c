/* Dynamic programming over two strings: Levenshtein's distance. */
#include "program.h"

enum { LENGTH = 256 };
static uint8_t one[LENGTH], other[LENGTH];
static uint32_t row[LENGTH + 1];

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t distance(void)
{
    for (uint32_t j = 0; j <= LENGTH; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= LENGTH; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= LENGTH; j++) {
            uint32_t above = row[j], change = diagonal + (one[i - 1] != other[j - 1]);
            row[j] = least(change, least(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[LENGTH];
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 521288629u;
    for (uint32_t round = 0; round < scale; round++) {
        for (int i = 0; i < LENGTH; i++) {
            one[i] = (uint8_t)(next_random(&random) % 4);
            other[i] = (uint8_t)(next_random(&random) % 4);
        }
        check = mixed(check, distance());
    }
    return check;
}
