/* calc [EXPRESSION]: a calculator with whole numbers of any size; without one it reads expressions, a line each.
 *
 * + - * / % ^ ! ( ), and names: `x = 2^100`, then `x % 97`. `_` is the last result. Division rounds toward zero.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BASE = 1000000000, DIGITS = 9, MOST = 4000, NAMES = 100, NAME = 16 }; /* MOST parts: 36,000 digits */

struct number {
    int sign, count; /* count parts, the lowest first; 0 has none */
    unsigned parts[];
};

static jmp_buf given_up;
static const char *at;
static struct variable {
    char name[NAME];
    struct number *value;
} variables[NAMES];

/* Numbers of a line are all given back when it is done. */
static void *used[8192];
static int used_count;

__attribute__((noreturn)) static void complain(const char *what)
{
    fprintf(stderr, "calc: %s\n", what);
    longjmp(given_up, 1);
}

static struct number *new_number(int count)
{
    if (count > MOST)
        complain("a number has grown too large");
    if (used_count == sizeof used / sizeof *used)
        complain("too long");
    struct number *number = calloc(1, sizeof *number + (size_t)(count ? count : 1) * sizeof(unsigned));
    if (!number)
        complain("no memory left");
    used[used_count++] = number;
    number->sign = 1;
    number->count = count;
    return number;
}

static struct number *trimmed(struct number *number)
{
    while (number->count && !number->parts[number->count - 1])
        number->count--;
    if (!number->count)
        number->sign = 1;
    return number;
}

static struct number *small(long value)
{
    struct number *number = new_number(3);
    number->sign = value < 0 ? -1 : 1;
    unsigned long rest = value < 0 ? -(unsigned long)value : (unsigned long)value;
    for (int i = 0; i < 3; i++, rest /= BASE)
        number->parts[i] = (unsigned)(rest % BASE);
    return trimmed(number);
}

static struct number *negated(const struct number *number)
{
    struct number *result = new_number(number->count);
    memcpy(result->parts, number->parts, (size_t)number->count * sizeof(unsigned));
    result->sign = number->count ? -number->sign : 1;
    return result;
}

/* Without their signs. */
static int compare_sizes(const struct number *one, const struct number *other)
{
    if (one->count != other->count)
        return one->count < other->count ? -1 : 1;
    for (int i = one->count; i-- > 0;)
        if (one->parts[i] != other->parts[i])
            return one->parts[i] < other->parts[i] ? -1 : 1;
    return 0;
}

/* The larger first; `sign` 1 adds, -1 takes away. */
static struct number *joined(const struct number *large, const struct number *little, int sign)
{
    struct number *result = new_number(large->count + 1);
    long carry = 0;
    for (int i = 0; i < result->count; i++) {
        long sum = carry + (i < large->count ? (long)large->parts[i] : 0);
        sum += i < little->count ? sign * (long)little->parts[i] : 0;
        carry = sum < 0 ? -1 : sum >= BASE ? 1 : 0;
        result->parts[i] = (unsigned)(sum - carry * BASE);
    }
    return trimmed(result);
}

static struct number *sum(const struct number *one, const struct number *other)
{
    int order = compare_sizes(one, other);
    const struct number *large = order < 0 ? other : one, *little = order < 0 ? one : other;
    struct number *result = joined(large, little, one->sign == other->sign ? 1 : -1);
    result->sign = result->count ? large->sign : 1;
    return result;
}

static struct number *product(const struct number *one, const struct number *other)
{
    struct number *result = new_number(one->count + other->count);
    for (int i = 0; i < one->count; i++) {
        unsigned long carry = 0;
        for (int j = 0; j < other->count || carry; j++) {
            carry += result->parts[i + j];
            carry += j < other->count ? (unsigned long)one->parts[i] * other->parts[j] : 0;
            result->parts[i + j] = (unsigned)(carry % BASE);
            carry /= BASE;
        }
    }
    result->sign = one->sign * other->sign;
    return trimmed(result);
}

/* How often `divisor`, moved up by `shift` parts, goes into the rest, which is made smaller by that. */
static unsigned take_out(struct number *rest, const struct number *divisor, int shift)
{
    unsigned low = 0, high = BASE - 1;
    while (low < high) { /* the largest factor that is not too much */
        unsigned middle = low + (high - low + 1) / 2;
        unsigned long carry = 0;
        int order = 0;
        for (int i = 0; i < rest->count - shift; i++) {
            carry += i < divisor->count ? (unsigned long)divisor->parts[i] * middle : 0;
            unsigned part = (unsigned)(carry % BASE);
            carry /= BASE;
            order = part != rest->parts[i + shift] ? (part > rest->parts[i + shift] ? 1 : -1) : order;
        }
        if (carry || order > 0)
            high = middle - 1;
        else
            low = middle;
    }
    long borrow = 0;
    for (int i = 0; i < rest->count - shift; i++) {
        borrow += (long)rest->parts[i + shift] - (i < divisor->count ? (long)divisor->parts[i] * low : 0);
        long part = borrow % BASE;
        borrow = borrow / BASE - (part < 0);
        rest->parts[i + shift] = (unsigned)(part < 0 ? part + BASE : part);
    }
    return low;
}

static struct number *quotient(const struct number *one, const struct number *other, struct number **rest)
{
    if (!other->count)
        complain("a division by zero");
    *rest = negated(one);
    struct number *result = new_number(one->count);
    for (int i = one->count - other->count; i >= 0; i--)
        result->parts[i] = take_out(*rest, other, i);
    result->sign = one->sign * other->sign;
    (*rest)->sign = one->sign;
    trimmed(*rest);
    return trimmed(result);
}

/* Of a number that counts something. */
static long count_of(const struct number *number, const char *what)
{
    if (number->sign < 0 || number->count > 1)
        complain(what);
    return number->count ? (long)number->parts[0] : 0;
}

static struct number *power(const struct number *base, const struct number *exponent)
{
    const char *complaint = "an exponent is 0 or more, and less than 10^9";
    struct number *result = small(1), *square = negated(negated(base));
    for (long left = count_of(exponent, complaint); left; left /= 2) {
        if (left & 1)
            result = product(result, square);
        if (left > 1)
            square = product(square, square);
    }
    return result;
}

static struct number *factorial(const struct number *number)
{
    struct number *result = small(1);
    for (long i = count_of(number, "a factorial is of 0 or more"), factor = 2; factor <= i; factor++)
        result = product(result, small(factor));
    return result;
}

/* Expressions. */

static struct number *expression(void);

static int next(void)
{
    at += strspn(at, " \t");
    return *at;
}

static int took(char sign)
{
    return next() == sign ? at++, 1 : 0;
}

static struct number *read_number(void)
{
    size_t length = strspn(at, "0123456789");
    struct number *number = new_number((int)((length + DIGITS - 1) / DIGITS));
    for (size_t i = 0; i < length; i++) {
        unsigned scale = 1;
        for (size_t left = (length - 1 - i) % DIGITS; left; left--)
            scale *= 10;
        number->parts[(length - 1 - i) / DIGITS] += (unsigned)(at[i] - '0') * scale;
    }
    at += length;
    return trimmed(number);
}

static struct variable *variable(const char *name, size_t length)
{
    if (length >= NAME)
        complain("a name has 15 letters at most");
    struct variable *found = variables;
    while (found->name[0] && (strncmp(found->name, name, length) || found->name[length]))
        if (++found == variables + NAMES)
            complain("too many names");
    memcpy(found->name, name, length);
    return found;
}

static struct number *atom(void)
{
    struct number *value;
    if (isdigit(next()))
        return read_number();
    if (took('(')) {
        value = expression();
        if (!took(')'))
            complain("a ) is missing");
        return value;
    }
    size_t length = 0;
    while (isalnum((unsigned char)at[length]) || at[length] == '_')
        length++;
    if (!length)
        complain(*at ? "that is no expression" : "something is missing at the end");
    value = variable(at, length)->value;
    at += length;
    return value ? value : small(0);
}

static struct number *postfix(void)
{
    struct number *value = atom();
    while (took('!'))
        value = factorial(value);
    return value;
}

/* A sign binds less than ^, which goes from right to left. */
static struct number *factor(void)
{
    if (took('-'))
        return negated(factor());
    struct number *base = postfix();
    return took('^') ? power(base, factor()) : base;
}

static struct number *term(void)
{
    struct number *value = factor(), *rest;
    for (;;)
        if (took('*'))
            value = product(value, factor());
        else if (took('/'))
            value = quotient(value, factor(), &rest);
        else if (took('%'))
            quotient(value, factor(), &rest), value = rest;
        else
            return value;
}

static struct number *expression(void)
{
    struct number *value = term();
    for (;;)
        if (took('+'))
            value = sum(value, term());
        else if (took('-'))
            value = sum(value, negated(term()));
        else
            return value;
}

static void keep(struct variable *name, const struct number *value)
{
    size_t size = sizeof *value + (size_t)value->count * sizeof(unsigned);
    free(name->value);
    name->value = malloc(size);
    if (!name->value)
        complain("no memory left");
    memcpy(name->value, value, size);
}

static void print(const struct number *number)
{
    printf("%s%u", number->sign < 0 ? "-" : "", number->count ? number->parts[number->count - 1] : 0);
    for (int i = number->count - 1; i-- > 0;)
        printf("%09u", number->parts[i]);
    printf("\n");
}

/* 0, or 1 for one that makes no sense. */
static int line(const char *text)
{
    int failed = setjmp(given_up);
    if (!failed) {
        at = text;
        size_t length = 0;
        next();
        while (isalpha((unsigned char)at[length]) || (length && isalnum((unsigned char)at[length])))
            length++;
        const char *name = at, *behind = at + length + strspn(at + length, " \t");
        int is_set = length && *behind == '=';
        if (is_set)
            at = behind + 1;
        if (next()) {
            struct number *value = expression();
            if (next())
                complain("there is something behind the expression");
            keep(variable("_", 1), value);
            if (is_set)
                keep(variable(name, length), value);
            else
                print(value);
        }
    }
    while (used_count)
        free(used[--used_count]);
    return failed;
}

int main(int argc, char **argv)
{
    static char text[40000];
    int status = 0;
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", argv[i]);
        return line(text);
    }
    while (fgets(text, sizeof text, stdin)) {
        text[strcspn(text, "\n")] = 0;
        status = line(text);
    }
    return status;
}
