/* Numbers of 512 bits divided by shifting and subtracting: carries and borrows through 64-bit digits. */
#include "program.h"

enum { DIGITS = 8 };
struct wide {
    uint64_t digits[DIGITS]; /* the lowest first */
};

static uint64_t shift_in(struct wide *number, uint64_t bit)
{
    for (int i = 0; i < DIGITS; i++) {
        uint64_t out = number->digits[i] >> 63;
        number->digits[i] = number->digits[i] << 1 | bit;
        bit = out;
    }
    return bit;
}

static int is_less(const struct wide *one, const struct wide *other)
{
    for (int i = DIGITS - 1; i >= 0; i--)
        if (one->digits[i] != other->digits[i])
            return one->digits[i] < other->digits[i];
    return 0;
}

static void subtract(struct wide *from, const struct wide *number)
{
    uint64_t borrow = 0;
    for (int i = 0; i < DIGITS; i++) {
        uint64_t digit = from->digits[i], less = digit - number->digits[i];
        from->digits[i] = less - borrow;
        borrow = (digit < number->digits[i]) | (less < borrow);
    }
}

static void add(struct wide *to, const struct wide *number)
{
    uint64_t carry = 0;
    for (int i = 0; i < DIGITS; i++) {
        uint64_t sum = to->digits[i] + carry;
        carry = sum < carry;
        to->digits[i] = sum + number->digits[i];
        carry += to->digits[i] < sum;
    }
}

/* Leaves the quotient in the number. */
static struct wide divide(struct wide *number, const struct wide *by)
{
    struct wide rest = {{0}};
    for (int bit = 0; bit < 64 * DIGITS; bit++) {
        shift_in(&rest, shift_in(number, 0));
        if (!is_less(&rest, by)) {
            subtract(&rest, by);
            number->digits[0] |= 1;
        }
    }
    return rest;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 83;
    while (scale--) {
        struct wide number, divisor = {{0}};
        for (int i = 0; i < DIGITS; i++)
            number.digits[i] = (uint64_t)next_random(&random) << 31;
        for (uint32_t i = 0; i < scale % 3 + 2; i++)
            divisor.digits[i] = (uint64_t)next_random(&random) << 30;
        struct wide rest = divide(&number, &divisor);
        add(&number, &rest);
        check = mixed(check, number.digits[0] + number.digits[DIGITS / 2]);
    }
    return check;
}
