/* Arithmetic as text, evaluated by recursive descent: characters compared, functions that call one another. */
#include "program.h"

enum { LENGTH = 256, DEPTH = 4, MODULUS = 1000003 };
static char text[LENGTH];
static const char *at;
static uint32_t seed;

static char *write_expression(char *to, int depth)
{
    uint32_t choice = next_random(&seed);
    if (!depth) {
        for (uint32_t digits = choice % 4 + 1; digits; digits--)
            *to++ = (char)('0' + next_random(&seed) % 10);
        return to;
    }
    if (choice & 64)
        *to++ = '-';
    *to++ = '(';
    to = write_expression(to, depth - 1);
    *to++ = "+-*/"[choice & 3];
    to = write_expression(to, choice & 32 ? depth - 1 : 0);
    *to++ = "+-*/"[choice >> 2 & 3];
    to = write_expression(to, 0);
    *to++ = ')';
    return to;
}

static int64_t sum(void);

static int64_t factor(void)
{
    int64_t value = 0;
    if (*at == '-') {
        at++;
        return -factor();
    }
    if (*at == '(') {
        at++;
        value = sum();
        at++;
        return value;
    }
    while (*at >= '0' && *at <= '9')
        value = 10 * value + (*at++ - '0');
    return value;
}

static int64_t product(void)
{
    int64_t value = factor();
    while (*at == '*' || *at == '/') {
        char sign = *at++;
        int64_t other = factor();
        if (sign == '*')
            value = value * other % MODULUS;
        else
            value = other ? value / other : 0;
    }
    return value;
}

static int64_t sum(void)
{
    int64_t value = product();
    while (*at == '+' || *at == '-')
        value += *at++ == '+' ? product() : -product();
    return value;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    seed = 31;
    while (scale--) {
        *write_expression(text, DEPTH) = 0;
        for (int i = 0; i < 4; i++) {
            at = text;
            check = mixed(check, (uint64_t)sum());
        }
    }
    return check;
}
