/* Strided stores over a table larger than a first-level cache: the sieve of Eratosthenes. */
#include "program.h"

enum { LIMIT = 1 << 18 };
static uint8_t composite[LIMIT];

static uint32_t count_primes(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LIMIT; i++)
        composite[i] = 0;
    for (uint32_t i = 2; i < LIMIT; i++) {
        if (composite[i])
            continue;
        count++;
        for (uint32_t multiple = 2 * i; multiple < LIMIT; multiple += i)
            composite[multiple] = 1;
    }
    return count;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t round = 0; round < scale; round++)
        check = mixed(check, count_primes());
    return check;
}
