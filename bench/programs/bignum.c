/* Wide multiplication with carries: factorials as numbers of many 32-bit digits. */
#include "program.h"

enum { DIGITS = 512 };
static uint32_t digits[DIGITS];

static uint32_t multiply(uint32_t used, uint32_t by)
{
    uint64_t carry = 0;
    for (uint32_t i = 0; i < used; i++) {
        carry += (uint64_t)digits[i] * by;
        digits[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        digits[used++] = (uint32_t)carry;
    return used;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t round = 0; round < scale; round++) {
        uint32_t used = 1;
        digits[0] = 1 + round;
        for (uint32_t factor = 2; factor < 1000; factor++)
            used = multiply(used, factor);
        for (uint32_t i = 0; i < used; i++)
            check = mixed(check, digits[i]);
    }
    return check;
}
