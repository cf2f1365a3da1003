/* Floating-point numbers as decimals, and back: with integers of any length, so that every digit is right. */
#include "decimals.h"
#include "system.h"
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BILLION = 1000000000, QUAD_BIAS = 16383 + 112, QUAD_FRACTION = 112, QUAD_SPECIAL = 0x7fff };

struct number __toyvm_apart(long double value)
{
    mantissa bits;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> QUAD_FRACTION) & QUAD_SPECIAL;
    struct number number = {.negative = (int)(bits >> 127), .bits = bits & (((mantissa)1 << QUAD_FRACTION) - 1)};
    if (exponent == QUAD_SPECIAL) {
        number.kind = number.bits ? NOT_A_NUMBER : INFINITE;
        return number;
    }
    if (exponent)
        number.bits |= (mantissa)1 << QUAD_FRACTION;
    number.exponent = (exponent ? exponent : 1) - QUAD_BIAS;
    if (number.bits == 0)
        number.exponent = 0;
    while (number.bits && !(number.bits & 1))
        number.bits >>= 1, number.exponent++;
    return number;
}

/* Writing: the number is a whole one, bits * 2**exponent or bits * 5**-exponent, over a power of ten. */

static void multiply_billions(uint32_t *parts, int *count, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < *count; i++) {
        carry += (uint64_t)parts[i] * factor;
        parts[i] = (uint32_t)(carry % BILLION);
        carry /= BILLION;
    }
    while (carry) {
        parts[(*count)++] = (uint32_t)(carry % BILLION);
        carry /= BILLION;
    }
}

size_t __toyvm_digits_room(struct number number)
{
    long power = number.exponent < 0 ? -(long)number.exponent : number.exponent;
    return (size_t)(45 + (number.exponent < 0 ? power * 7 / 10 : power * 31 / 100 + power / 1000)) + 18;
}

int __toyvm_digits(struct number number, char *digits, int *point)
{
    uint32_t parts[__toyvm_digits_room(number) / 9 + 2];
    int count = 0, length = 0;
    for (mantissa rest = number.bits; rest; rest /= BILLION)
        parts[count++] = (uint32_t)(rest % BILLION);
    uint32_t base = number.exponent < 0 ? 5 : 2, most = number.exponent < 0 ? 13 : 29;
    for (long left = number.exponent < 0 ? -(long)number.exponent : number.exponent; left > 0; left -= most) {
        uint32_t factor = 1;
        for (long i = 0; i < left && i < (long)most; i++)
            factor *= base;
        multiply_billions(parts, &count, factor);
    }
    for (int i = count - 1; i >= 0; i--) {
        for (uint32_t power = BILLION / 10; power; power /= 10) {
            int digit = (int)(parts[i] / power % 10);
            if (length || digit)
                digits[length++] = (char)('0' + digit);
        }
    }
    if (length == 0)
        digits[length++] = '0';
    *point = length + (number.exponent < 0 ? number.exponent : 0);
    return length;
}

/* Reading: a quotient of whole numbers, bit by bit. */

struct whole {
    int count;
    uint32_t *parts;
};

static void multiply_and_add(struct whole *number, uint32_t factor, uint32_t more)
{
    uint64_t carry = more;
    for (int i = 0; i < number->count; i++) {
        carry += (uint64_t)number->parts[i] * factor;
        number->parts[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        number->parts[number->count++] = (uint32_t)carry;
}

static void multiply_by_ten_to(struct whole *number, long power)
{
    for (; power >= 9; power -= 9)
        multiply_and_add(number, BILLION, 0);
    for (; power > 0; power--)
        multiply_and_add(number, 10, 0);
}

static long bit_length(const struct whole *number)
{
    return number->count ? 32L * number->count - __builtin_clz(number->parts[number->count - 1]) : 0;
}

static void shift_up(struct whole *number, long by)
{
    int words = (int)(by / 32), bits = (int)(by % 32);
    if (words) {
        memmove(number->parts + words, number->parts, (size_t)number->count * sizeof *number->parts);
        memset(number->parts, 0, (size_t)words * sizeof *number->parts);
        number->count += words;
    }
    if (bits)
        multiply_and_add(number, 1u << bits, 0);
}

static int compare(const struct whole *one, const struct whole *other)
{
    if (one->count != other->count)
        return one->count < other->count ? -1 : 1;
    for (int i = one->count - 1; i >= 0; i--)
        if (one->parts[i] != other->parts[i])
            return one->parts[i] < other->parts[i] ? -1 : 1;
    return 0;
}

static void subtract(struct whole *from, const struct whole *what)
{
    int64_t borrow = 0;
    for (int i = 0; i < from->count; i++) {
        borrow += (int64_t)from->parts[i] - (i < what->count ? what->parts[i] : 0);
        from->parts[i] = (uint32_t)borrow;
        borrow >>= 32;
    }
    while (from->count && !from->parts[from->count - 1])
        from->count--;
}

/* The long double with these bits; `more`: there is something behind them. It is rounded as the format has it. */
static long double together(struct number number, int more, struct format format)
{
    mantissa bits = number.bits;
    int exponent = number.exponent, length = 0;
    for (mantissa rest = bits; rest; rest >>= 1)
        length++;
    int drop = length - format.precision;
    if (exponent + drop < format.smallest)
        drop = format.smallest - exponent;
    int inexact = more;
    if (drop > 0) {
        mantissa half = drop <= 128 ? (mantissa)1 << (drop - 1) : 0;
        mantissa rest = drop < 128 ? bits & (((mantissa)1 << drop) - 1) : bits;
        inexact |= rest != 0;
        bits = drop < 128 ? bits >> drop : 0;
        exponent += drop;
        if (half && (rest > half || (rest == half && (more || bits & 1))))
            bits++;
    }
    length = 0;
    for (mantissa rest = bits; rest; rest >>= 1)
        length++;
    if (bits && exponent + length - 1 > format.largest) {
        errno = ERANGE;
        return number.negative ? -__builtin_infl() : __builtin_infl();
    }
    if (inexact && (!bits || exponent + length - 1 < format.smallest + format.precision - 1))
        errno = ERANGE;
    /* As a quad: any format's number is one, the smallest ones with fewer bits. */
    mantissa quad = 0;
    if (bits) {
        int up = QUAD_FRACTION + 1 - length;
        int biased = exponent - up + QUAD_BIAS;
        if (biased < 1)
            up += biased - 1, biased = 0;
        bits = up >= 0 ? bits << up : bits >> -up;
        quad = (bits & (((mantissa)1 << QUAD_FRACTION) - 1)) | (mantissa)biased << QUAD_FRACTION;
    }
    quad |= (mantissa)number.negative << 127;
    long double value;
    memcpy(&value, &quad, sizeof value);
    return value;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 'x' ^ 'X';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* The exponent behind a letter, if there is one; a large one counts as one that is large enough. */
static const char *read_exponent(const char *at, char letter, long *exponent)
{
    if ((*at | ('x' ^ 'X')) != letter)
        return at;
    const char *digits = at + 1;
    int negative = *digits == '-';
    if (*digits == '-' || *digits == '+')
        digits++;
    if (digit_of(*digits) > 9)
        return at;
    long value = 0;
    for (; digit_of(*digits) <= 9; digits++)
        if (value < 10000000)
            value = 10 * value + digit_of(*digits);
    *exponent += negative ? -value : value;
    return digits;
}

static long double read_hexadecimal(const char *at, const char **end, int negative, struct format format)
{
    struct number number = {.negative = negative};
    int more = 0, point = 0;
    long exponent = 0;
    for (;; at++) {
        int digit = digit_of(*at);
        if (*at == '.' && !point) {
            point = 1;
            continue;
        }
        if (digit > 15)
            break;
        if (number.bits >> 120)
            more |= digit != 0, exponent += 4;
        else
            number.bits = number.bits << 4 | (unsigned)digit;
        exponent -= point ? 4 : 0;
    }
    *end = read_exponent(at, 'p', &exponent);
    if (number.bits && exponent > 20000)
        exponent = 20000;
    number.exponent = exponent < -40000 ? -40000 : exponent > INT_MAX ? INT_MAX : (int)exponent;
    return together(number, more, format);
}

static long double quotient(struct whole *upper, struct whole *lower, int negative, struct format format)
{
    struct number number = {.negative = negative};
    long by = bit_length(upper) - bit_length(lower);
    if (by > 0)
        shift_up(lower, by);
    else
        shift_up(upper, -by);
    for (int i = 0; i < 120; i++) {
        int bit = compare(upper, lower) >= 0;
        if (bit)
            subtract(upper, lower);
        number.bits = number.bits << 1 | (unsigned)bit;
        multiply_and_add(upper, 2, 0);
    }
    number.exponent = (int)by - 119;
    return together(number, upper->count != 0, format);
}

static long double read_decimal(const char *at, const char **end, int negative, struct format format)
{
    /* As many digits as can decide between two neighbours, and one for all that follow. */
    int most = format.precision > 64 ? 11600 : 800, count = 0, point = 0, more = 0;
    const char *first = NULL;
    long exponent = 0;
    for (;; at++) {
        if (*at == '.' && !point) {
            point = 1;
            continue;
        }
        if (digit_of(*at) > 9)
            break;
        if (!first && *at != '0')
            first = at;
        if (first && count < most)
            count++;
        else if (first)
            more |= *at != '0', exponent++;
        exponent -= point;
    }
    *end = read_exponent(at, 'e', &exponent);
    if (!first || exponent + count < -5100 || exponent + count > 5100) {
        errno = first ? ERANGE : errno;
        long double outside = first && exponent + count > 0 ? __builtin_infl() : 0;
        return negative ? -outside : outside;
    }
    if (more)
        exponent--; /* for the last digit, which says that there are some */
    size_t room = (size_t)((count + 1 + (exponent < 0 ? -exponent : exponent)) * 10 / 3 + 200) / 32 + 4;
    uint32_t parts[room], others[room];
    struct whole upper = {0, parts}, lower = {1, others};
    others[0] = 1;
    for (int left = count; left; first++)
        if (*first != '.') {
            multiply_and_add(&upper, 10, (uint32_t)digit_of(*first));
            left--;
        }
    if (more)
        multiply_and_add(&upper, 10, 1);
    multiply_by_ten_to(exponent < 0 ? &lower : &upper, exponent < 0 ? -exponent : exponent);
    return quotient(&upper, &lower, negative, format);
}

static int begins(const char *text, const char *word)
{
    int length = 0;
    while (word[length] && (text[length] | ('x' ^ 'X')) == word[length])
        length++;
    return word[length] ? 0 : length;
}

static long double read_word(const char *at, const char **end, int negative)
{
    int length = begins(at, "infinity");
    if (!length)
        length = begins(at, "inf");
    if (length) {
        *end = at + length;
        return negative ? -__builtin_infl() : __builtin_infl();
    }
    length = begins(at, "nan");
    if (!length)
        return 0;
    *end = at + length;
    if (at[length] == '(') {
        const char *inside = at + length + 1;
        while (digit_of(*inside) <= 9 || (unsigned)((*inside | 32) - 'a') < 26u || *inside == '_')
            inside++;
        if (*inside == ')')
            *end = inside + 1;
    }
    return negative ? -__builtin_nanl("") : __builtin_nanl("");
}

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

long double __toyvm_read_number(const char *text, char **end, struct format format)
{
    const char *at = text, *stop = text;
    while (is_space(*at))
        at++;
    int negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    int has_hexadecimal = at[0] == '0' && (at[1] | 32) == 'x' && digit_of(at[2] == '.' ? at[3] : at[2]) <= 15;
    long double value;
    if (has_hexadecimal)
        value = read_hexadecimal(at + 2, &stop, negative, format);
    else if (digit_of(*at == '.' ? at[1] : at[0]) <= 9)
        value = read_decimal(at, &stop, negative, format);
    else
        value = read_word(at, &stop, negative);
    if (end)
        *end = (char *)stop;
    return value;
}

static const struct format single = {24, 127, -149}, twice = {53, 1023, -1074}, quad = {113, 16383, -16494};

float __toyvm_strtof(const char *restrict text, char **restrict end)
{
    return (float)__toyvm_read_number(text, end, single);
}

double __toyvm_strtod(const char *restrict text, char **restrict end)
{
    return (double)__toyvm_read_number(text, end, twice);
}

long double __toyvm_strtold(const char *restrict text, char **restrict end)
{
    return __toyvm_read_number(text, end, quad);
}

double __toyvm_atof(const char *text)
{
    return __toyvm_strtod(text, NULL);
}

ALSO_NAMED(strtof);
ALSO_NAMED(strtod);
ALSO_NAMED(strtold);
ALSO_NAMED(atof);
