/* Arithmetic and branches that are hard to predict: the longest Collatz chains. */
#include "program.h"

static uint32_t chain(uint64_t number)
{
    uint32_t length = 1;
    for (; number != 1; length++)
        number = number & 1 ? 3 * number + 1 : number >> 1;
    return length;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t longest = 0;
    for (uint32_t number = 1; number < scale * 1000; number++) {
        uint32_t length = chain(number);
        if (length > longest) {
            longest = length;
            check = mixed(check, number);
        }
    }
    return check;
}
