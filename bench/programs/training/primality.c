/* Numbers proven prime or composite (Miller and Rabin, 1980): powers modulo a number, and common divisors. */
#include "program.h"

static uint64_t power(uint64_t base, uint32_t exponent, uint32_t modulus)
{
    uint64_t result = 1;
    for (base %= modulus; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = result * base % modulus;
        base = base * base % modulus;
    }
    return result;
}

static int is_witness(uint32_t base, uint32_t number)
{
    uint32_t odd = number - 1, twos = 0;
    while (!(odd & 1))
        odd >>= 1, twos++;
    uint64_t value = power(base, odd, number);
    if (value == 1 || value == number - 1)
        return 0;
    while (--twos) {
        value = value * value % number;
        if (value == number - 1)
            return 0;
    }
    return 1;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int is_prime(uint32_t number)
{
    static const uint8_t bases[] = {2, 7, 61}; /* enough for 32 bits (Jaeschke, 1993) */
    if (common_divisor(number, 3 * 5 * 11 * 13 * 17 * 19 * 23) != 1)
        return 0;
    for (unsigned i = 0; i < sizeof bases; i++)
        if (is_witness(bases[i], number))
            return 0;
    return 1;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 103;
    for (uint32_t i = 0; i < 10 * scale; i++) {
        uint32_t number = next_random(&random) | 0x80000001u;
        if (is_prime(number))
            check = mixed(check, number);
    }
    return check;
}
