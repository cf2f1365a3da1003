/* Formatted output: vfprintf, which all of picolibc's printf functions call. */
#include "printing.h"
#include "system.h"
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

enum { MOST_POSITIONS = 16 };

/* What an argument can be. Arguments by position, `%2$s`, are all taken first; others when they are wanted. */
union argument {
    uintmax_t number;
    void *pointer;
    long double real;
};

struct arguments {
    va_list *list;
    union argument taken[MOST_POSITIONS];
};

void __toyvm_put(struct output *to, char c)
{
    if (to->stream->put(c, to->stream) < 0)
        to->failed = 1;
    to->count++;
}

void __toyvm_put_all(struct output *to, const char *text, long length)
{
    while (length-- > 0)
        __toyvm_put(to, *text++);
}

void __toyvm_put_many(struct output *to, char c, long count)
{
    while (count-- > 0)
        __toyvm_put(to, c);
}

void __toyvm_put_before(struct output *to, const struct conversion *how, const char *prefix, long length)
{
    long fill = how->width - (long)strlen(prefix) - length;
    if (!(how->flags & (LEFT | ZEROS)))
        __toyvm_put_many(to, ' ', fill);
    __toyvm_put_all(to, prefix, (long)strlen(prefix));
    if ((how->flags & (LEFT | ZEROS)) == ZEROS)
        __toyvm_put_many(to, '0', fill);
}

void __toyvm_put_behind(struct output *to, const struct conversion *how, const char *prefix, long length)
{
    if (how->flags & LEFT)
        __toyvm_put_many(to, ' ', how->width - (long)strlen(prefix) - length);
}

const char *__toyvm_sign_of(const struct conversion *how, int negative)
{
    return negative ? "-" : how->flags & SIGN ? "+" : how->flags & SPACE ? " " : "";
}

static void put_integer(struct output *to, struct conversion *how, uintmax_t value)
{
    const char *digits = how->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef", *prefix = "";
    unsigned base = how->letter == 'o' ? 8 : how->letter == 'd' || how->letter == 'u' ? 10 : 16;
    if (how->letter == 'd') {
        prefix = __toyvm_sign_of(how, (intmax_t)value < 0);
        value = (intmax_t)value < 0 ? -value : value;
    } else if (base == 16 && how->flags & ALTERNATIVE && (value || how->letter == 'p')) {
        prefix = how->letter == 'X' ? "0X" : "0x";
    }
    char text[24], *at = text + sizeof text;
    for (uintmax_t rest = value; rest; rest /= base)
        *--at = digits[rest % base];
    long length = text + sizeof text - at, zeros = (how->precision < 0 ? 1 : how->precision) - length;
    if (base == 8 && how->flags & ALTERNATIVE && zeros <= 0)
        zeros = length && *at == '0' ? 0 : 1;
    if (zeros < 0)
        zeros = 0;
    if (how->precision >= 0)
        how->flags &= ~ZEROS;
    __toyvm_put_before(to, how, prefix, zeros + length);
    __toyvm_put_many(to, '0', zeros);
    __toyvm_put_all(to, at, length);
    __toyvm_put_behind(to, how, prefix, zeros + length);
}

static void put_text(struct output *to, struct conversion *how, const char *text)
{
    long length = 0;
    if (!text)
        text = "(null)";
    while ((how->precision < 0 || length < how->precision) && text[length])
        length++;
    how->flags &= ~ZEROS;
    __toyvm_put_before(to, how, "", length);
    __toyvm_put_all(to, text, length);
    __toyvm_put_behind(to, how, "", length);
}

static void put_wide_text(struct output *to, struct conversion *how, const wchar_t *text)
{
    char bytes[MB_LEN_MAX];
    mbstate_t state;
    long length = 0;
    for (int writes = 0; writes < 2; writes++) {
        long sum = 0;
        memset(&state, 0, sizeof state);
        for (const wchar_t *at = text; *at; at++) {
            long one = (long)wcrtomb(bytes, *at, &state);
            if (one < 0)
                to->failed = 1;
            if (one < 0 || (how->precision >= 0 && sum + one > how->precision))
                break;
            if (writes)
                __toyvm_put_all(to, bytes, one);
            sum += one;
        }
        length = sum;
        how->flags &= ~ZEROS;
        if (!writes)
            __toyvm_put_before(to, how, "", length);
    }
    __toyvm_put_behind(to, how, "", length);
}

static void put_character(struct output *to, struct conversion *how, char c)
{
    how->flags &= ~ZEROS;
    __toyvm_put_before(to, how, "", 1);
    __toyvm_put(to, c);
    __toyvm_put_behind(to, how, "", 1);
}

/* Arguments. */

static union argument next(va_list *list, const struct conversion *how)
{
    union argument it = {0};
    int is_signed = how->letter == 'd';
    if (strchr("aefgAEFG", how->letter)) {
        it.real = how->size == LONG_DOUBLE ? va_arg(*list, long double) : (long double)va_arg(*list, double);
    } else if (strchr("spn", how->letter)) {
        it.pointer = va_arg(*list, void *);
    } else if (how->size == LONG || how->size == LONG_DOUBLE) {
        it.number = va_arg(*list, unsigned long);
    } else {
        int value = va_arg(*list, int);
        if (how->size == CHAR)
            it.number = is_signed ? (uintmax_t)(signed char)value : (unsigned char)value;
        else if (how->size == SHORT)
            it.number = is_signed ? (uintmax_t)(short)value : (unsigned short)value;
        else
            it.number = is_signed ? (uintmax_t)value : (unsigned)value;
    }
    return it;
}

static union argument argument_at(struct arguments *from, int position, const struct conversion *how)
{
    return position ? from->taken[position - 1] : next(from->list, how);
}

static void store_count(void *to, enum size size, long count)
{
    switch (size) {
    case CHAR:
        *(signed char *)to = (signed char)count;
        break;
    case SHORT:
        *(short *)to = (short)count;
        break;
    case INT:
        *(int *)to = (int)count;
        break;
    default:
        *(long *)to = count;
    }
}

/* Formats. */

static int read_int(const char **at)
{
    int value = 0;
    for (; **at >= '0' && **at <= '9'; ++*at)
        value = value > (INT_MAX - 9) / 10 ? INT_MAX : 10 * value + **at - '0';
    return value;
}

/* The position that is given at `at`, `2$`; 0: none is. */
static int read_position(const char **at)
{
    const char *start = *at;
    int position = read_int(at);
    if (**at == '$' && position > 0 && position <= MOST_POSITIONS) {
        ++*at;
        return position;
    }
    *at = start;
    return 0;
}

/* A width or precision: digits, or an argument of `from`, if that is given. Its position is noted. */
static int read_measure(const char **at, struct arguments *from, unsigned *positions)
{
    static const struct conversion integer = {.letter = 'd', .precision = -1};
    if (**at != '*')
        return read_int(at);
    ++*at;
    int position = read_position(at);
    if (position && positions)
        *positions |= 1u << (position - 1);
    return from ? (int)argument_at(from, position, &integer).number : 0;
}

/* The conversion behind a `%`, and the position of its argument. */
static struct conversion read_conversion(const char **at, int *position, struct arguments *from, unsigned *measures)
{
    static const char flags[] = "-+ #0";
    struct conversion how = {.precision = -1};
    *position = read_position(at);
    for (const char *flag; **at && (flag = strchr(flags, **at)); ++*at)
        how.flags |= 1 << (flag - flags);
    how.width = read_measure(at, from, measures);
    if (how.width < 0) {
        how.flags |= LEFT;
        how.width = -how.width;
    }
    if (**at == '.') {
        ++*at;
        how.precision = read_measure(at, from, measures);
        if (how.precision < 0)
            how.precision = -1;
    }
    how.size = read_size(at);
    how.letter = **at;
    if (how.letter)
        ++*at;
    if (how.letter == 'i')
        how.letter = 'd';
    return how;
}

static int is_conversion(char letter)
{
    return letter && strchr("duoxXcspnaefgAEFG", letter);
}

/* Take the arguments of a format that has them by position, as far as there are any. */
static void take_all(const char *format, struct arguments *to)
{
    struct conversion kinds[MOST_POSITIONS] = {0};
    for (const char *at = format; *at;) {
        if (*at++ != '%')
            continue;
        int position;
        unsigned measures = 0;
        struct conversion how = read_conversion(&at, &position, NULL, &measures);
        if (position && is_conversion(how.letter))
            kinds[position - 1] = how;
        for (int i = 0; i < MOST_POSITIONS; i++)
            if (measures >> i & 1)
                kinds[i] = (struct conversion){.letter = 'd'};
    }
    for (int i = 0; i < MOST_POSITIONS && kinds[i].letter; i++)
        to->taken[i] = next(to->list, &kinds[i]);
}

static void convert(struct output *to, struct conversion *how, union argument what)
{
    switch (how->letter) {
    case 'p':
        how->flags |= ALTERNATIVE;
        what.number = (uintmax_t)what.pointer;
        __attribute__((fallthrough));
    case 'd':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        put_integer(to, how, what.number);
        break;
    case 'c':
        if (how->size == LONG) {
            wchar_t text[] = {(wchar_t)what.number, 0};
            how->precision = -1;
            if (text[0])
                put_wide_text(to, how, text);
            else
                put_character(to, how, 0);
        } else {
            put_character(to, how, (char)what.number);
        }
        break;
    case 's':
        if (how->size == LONG && what.pointer)
            put_wide_text(to, how, what.pointer);
        else
            put_text(to, how, what.pointer);
        break;
    case 'n':
        store_count(what.pointer, how->size, to->count);
        break;
    default:
        __toyvm_put_real(to, how, what.real);
    }
}

int __toyvm_vfprintf(FILE *stream, const char *format, va_list list)
{
    struct output to = {.stream = stream};
    struct arguments from;
    va_list own;
    if (!(stream->flags & __SWR)) {
        errno = EBADF;
        return EOF;
    }
    va_copy(own, list);
    from.list = &own;
    if (strchr(format, '$'))
        take_all(format, &from);
    for (const char *at = format; *at;) {
        if (*at != '%') {
            __toyvm_put(&to, *at++);
            continue;
        }
        const char *start = at++;
        int position;
        struct conversion how = read_conversion(&at, &position, &from, NULL);
        if (is_conversion(how.letter))
            convert(&to, &how, argument_at(&from, position, &how));
        else if (how.letter == '%')
            __toyvm_put(&to, '%');
        else
            __toyvm_put_all(&to, start, at - start);
    }
    va_end(own);
    if (to.failed)
        stream->flags |= __SERR;
    if (to.count > INT_MAX) {
        errno = EOVERFLOW;
        return EOF;
    }
    return to.failed ? EOF : (int)to.count;
}
ALSO_NAMED(vfprintf);
