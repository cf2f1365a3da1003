/* Floating-point numbers as a conversion has them written: with as many right digits as it asks for. */
#include "decimals.h"
#include "printing.h"
#include <limits.h>
#include <string.h>

/* Round to the first `kept` digits, half to even; the point moves if there is one more. Their count, or 0 for none. */
static int rounded(char *digits, int count, int kept, int *point)
{
    if (kept >= count)
        return count;
    if (kept < 0)
        return 0;
    int up = digits[kept] > '5';
    if (digits[kept] == '5') {
        for (int i = kept + 1; i < count; i++)
            up |= digits[i] != '0';
        up |= kept > 0 && (digits[kept - 1] - '0') & 1;
    }
    int at = kept - 1;
    for (; up && at >= 0 && digits[at] == '9'; at--)
        digits[at] = '0';
    if (up && at >= 0)
        digits[at]++;
    if (up && at < 0) {
        memmove(digits + 1, digits, (size_t)kept);
        digits[0] = '1';
        ++*point;
        return kept + 1;
    }
    return kept;
}

/* Digits, and before which of them the point stands. */
struct decimal {
    const char *digits;
    int count, point;
};

static char digit_at(struct decimal it, long place)
{
    return place >= 0 && place < it.count ? it.digits[place] : '0';
}

static void put_fixed(struct output *to, struct conversion *how, const char *prefix, struct decimal it)
{
    long whole = it.point > 0 ? it.point : 1, dot = how->precision > 0 || how->flags & ALTERNATIVE;
    long length = whole + dot + how->precision;
    __toyvm_put_before(to, how, prefix, length);
    for (long i = it.point > 0 ? 0 : -1; i < (it.point > 0 ? it.point : 0); i++)
        __toyvm_put(to, digit_at(it, i));
    if (dot)
        __toyvm_put(to, '.');
    for (long i = 0; i < how->precision; i++)
        __toyvm_put(to, digit_at(it, it.point + i));
    __toyvm_put_behind(to, how, prefix, length);
}

static int exponent_text(char *text, int exponent, char letter, int least)
{
    char digits[8];
    int length = 0, count = 0;
    text[length++] = letter;
    text[length++] = exponent < 0 ? '-' : '+';
    for (int rest = exponent < 0 ? -exponent : exponent; rest || count < least; rest /= 10)
        digits[count++] = (char)('0' + rest % 10);
    while (count)
        text[length++] = digits[--count];
    return length;
}

static void put_scientific(struct output *to, struct conversion *how, const char *prefix, struct decimal it)
{
    char exponent[12];
    int is_zero = it.digits[0] == '0';
    int tail = exponent_text(exponent, is_zero ? 0 : it.point - 1, how->flags & UPPER ? 'E' : 'e', 2);
    long dot = how->precision > 0 || how->flags & ALTERNATIVE, length = 1 + dot + how->precision + tail;
    __toyvm_put_before(to, how, prefix, length);
    __toyvm_put(to, it.digits[0]);
    if (dot)
        __toyvm_put(to, '.');
    for (long i = 1; i <= how->precision; i++)
        __toyvm_put(to, digit_at(it, i));
    __toyvm_put_all(to, exponent, tail);
    __toyvm_put_behind(to, how, prefix, length);
}

static void put_decimal(struct output *to, struct conversion *how, struct number number)
{
    char digits[__toyvm_digits_room(number) + 2];
    int point, count = __toyvm_digits(number, digits, &point);
    const char *prefix = __toyvm_sign_of(how, number.negative);
    int is_general = how->letter == 'g', is_zero = digits[0] == '0';
    if (how->precision < 0)
        how->precision = 6;
    if (is_zero)
        point = 1;
    if (is_general && how->precision == 0)
        how->precision = 1;
    long kept = how->letter == 'f' ? (long)point + how->precision : is_general ? how->precision : 1L + how->precision;
    if (!is_zero)
        count = rounded(digits, count, kept > INT_MAX ? INT_MAX : (int)kept, &point);
    if (how->letter == 'f') {
        put_fixed(to, how, prefix, (struct decimal){digits, count, point});
        return;
    }
    if (!is_general) {
        put_scientific(to, how, prefix, (struct decimal){digits, count, point});
        return;
    }
    int is_fixed = point > -4 && point <= how->precision;
    if (!(how->flags & ALTERNATIVE)) {
        while (count > 1 && digits[count - 1] == '0')
            count--;
        how->precision = is_fixed ? (count > point ? count - point : 0) : count - 1;
    } else {
        how->precision -= is_fixed ? point : 1;
    }
    (is_fixed ? put_fixed : put_scientific)(to, how, prefix, (struct decimal){digits, count, point});
}

/* `%a`: the digits of a double are those of a double, one before the point. */
static void put_hexadecimal(struct output *to, struct conversion *how, struct number number)
{
    const char *all = how->flags & UPPER ? "0123456789ABCDEF" : "0123456789abcdef";
    char prefix[4], exponent[12];
    int bits = 0, digits = 28, power = 0;
    for (mantissa rest = number.bits; rest; rest >>= 1)
        bits++;
    if (bits) { /* the first bit before the point; of a double too small for that, its smallest power */
        int top = number.exponent + bits - 1, smallest = how->size == LONG_DOUBLE ? -16382 : -1022;
        power = top < smallest ? smallest : top;
        number.bits <<= 112 - (power - number.exponent);
    }
    int least = digits;
    while (least && !(number.bits >> (112 - 4 * least) & 15))
        least--;
    if (how->precision < 0)
        how->precision = least;
    if (how->precision < digits) {
        mantissa unit = (mantissa)1 << (112 - 4 * how->precision), rest = number.bits & (unit - 1);
        number.bits -= rest;
        if (rest > unit / 2 || (rest == unit / 2 && number.bits & unit))
            number.bits += unit;
    }
    strcpy(prefix, __toyvm_sign_of(how, number.negative));
    strcat(prefix, how->flags & UPPER ? "0X" : "0x");
    int tail = exponent_text(exponent, power, how->flags & UPPER ? 'P' : 'p', 1);
    long dot = how->precision > 0 || how->flags & ALTERNATIVE, length = 1 + dot + how->precision + tail;
    __toyvm_put_before(to, how, prefix, length);
    __toyvm_put(to, all[number.bits >> 112 & 15]);
    if (dot)
        __toyvm_put(to, '.');
    for (int i = 1; i <= how->precision; i++)
        __toyvm_put(to, i <= digits ? all[number.bits >> (112 - 4 * i) & 15] : '0');
    __toyvm_put_all(to, exponent, tail);
    __toyvm_put_behind(to, how, prefix, length);
}

void __toyvm_put_real(struct output *to, struct conversion *how, long double value)
{
    struct number number = __toyvm_apart(value);
    if (how->letter >= 'A' && how->letter <= 'G') {
        how->letter |= 'x' ^ 'X';
        how->flags |= UPPER;
    }
    if (number.kind == FINITE) {
        (how->letter == 'a' ? put_hexadecimal : put_decimal)(to, how, number);
        return;
    }
    const char *lower = number.kind == INFINITE ? "inf" : "nan", *upper = number.kind == INFINITE ? "INF" : "NAN";
    const char *prefix = __toyvm_sign_of(how, number.negative);
    how->flags &= ~ZEROS;
    __toyvm_put_before(to, how, prefix, 3);
    __toyvm_put_all(to, how->flags & UPPER ? upper : lower, 3);
    __toyvm_put_behind(to, how, prefix, 3);
}
