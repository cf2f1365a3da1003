/* Formatted input: vfscanf, which all of picolibc's scanf functions call. Numbers are exact, long double included. */
#include "decimals.h"
#include "sizes.h"
#include "system.h"
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { MATCHED, NO_MATCH, NO_INPUT };
enum { LONGEST_NUMBER = 1200 }; /* characters of a floating-point number: more than decide any double */

struct input {
    FILE *stream;
    long count; /* characters taken */
    int left;   /* of the width of this conversion */
};

struct conversion {
    int kept; /* is there an argument that it goes to? */
    int width;
    enum size size;
    char letter;
};

static int next(struct input *from)
{
    int c = from->left > 0 ? getc(from->stream) : EOF;
    if (c != EOF)
        from->count++, from->left--;
    return c;
}

static void put_back(struct input *from, int c)
{
    if (c != EOF) {
        ungetc(c, from->stream);
        from->count--, from->left++;
    }
}

static int is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int digit_of(int c)
{
    c = lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static void skip_spaces(struct input *from)
{
    int c;
    from->left = INT_MAX;
    while (is_space(c = next(from)))
        ;
    put_back(from, c);
}

static void store(void *to, enum size size, uintmax_t value)
{
    switch (size) {
    case CHAR:
        *(unsigned char *)to = (unsigned char)value;
        break;
    case SHORT:
        *(unsigned short *)to = (unsigned short)value;
        break;
    case INT:
        *(unsigned *)to = (unsigned)value;
        break;
    default:
        *(unsigned long *)to = value;
    }
}

static int scan_integer(struct input *from, const struct conversion *how, void *to)
{
    int base = strchr("xXp", how->letter) ? 16 : how->letter == 'o' ? 8 : how->letter == 'i' ? 0 : 10;
    int c = next(from), negative = c == '-', any = 0;
    uintmax_t value = 0;
    if (c == '-' || c == '+')
        c = next(from);
    if (c == '0' && (base == 0 || base == 16)) {
        any = 1;
        c = next(from);
        if (lower(c) == 'x') {
            any = 0, base = 16;
            c = next(from);
        } else if (base == 0) {
            base = 8;
        }
    }
    for (base = base ? base : 10; digit_of(c) < base; c = next(from), any = 1)
        value = value * (unsigned)base + (unsigned)digit_of(c);
    put_back(from, c);
    if (!any)
        return NO_MATCH;
    if (how->kept)
        store(to, how->letter == 'p' ? LONG : how->size, negative ? -value : value);
    return MATCHED;
}

/* The text of a number: what stands there as far as it can go on to be one. */
struct text {
    char characters[LONGEST_NUMBER + 1];
    int length;
};

static int keep(struct input *from, struct text *text, int c)
{
    if (text->length < LONGEST_NUMBER)
        text->characters[text->length++] = (char)c;
    return next(from);
}

static int keep_word(struct input *from, struct text *text, int c, const char *word)
{
    for (; *word && lower(c) == *word; word++)
        c = keep(from, text, c);
    return c;
}

static int keep_digits(struct input *from, struct text *text, int c, int base)
{
    for (int point = 0; digit_of(c) < base || (c == '.' && !point); c = keep(from, text, c))
        point |= c == '.';
    return c;
}

static void keep_number(struct input *from, struct text *text)
{
    int base = 10, c = next(from);
    if (c == '-' || c == '+')
        c = keep(from, text, c);
    if (lower(c) == 'i') {
        c = keep_word(from, text, c, "infinity");
    } else if (lower(c) == 'n') {
        c = keep_word(from, text, c, "nan");
        if (c == '(') {
            while (c != ')' && c != EOF && !is_space(c))
                c = keep(from, text, c);
            if (c == ')')
                c = keep(from, text, c);
        }
    } else {
        if (c == '0') {
            c = keep(from, text, c);
            if (lower(c) == 'x') {
                base = 16;
                c = keep(from, text, c);
            }
        }
        c = keep_digits(from, text, c, base);
        if (text->length && lower(c) == (base == 16 ? 'p' : 'e')) {
            c = keep(from, text, c);
            if (c == '-' || c == '+')
                c = keep(from, text, c);
            while (c >= '0' && c <= '9')
                c = keep(from, text, c);
        }
    }
    put_back(from, c);
    text->characters[text->length] = 0;
}

static int scan_real(struct input *from, const struct conversion *how, void *to)
{
    static const struct format formats[] = {{24, 127, -149}, {53, 1023, -1074}, {113, 16383, -16494}};
    struct text text = {.length = 0};
    char *end;
    keep_number(from, &text);
    int which = how->size == LONG ? 1 : how->size == LONG_DOUBLE ? 2 : 0;
    long double value = __toyvm_read_number(text.characters, &end, formats[which]);
    if (end == text.characters || *end)
        return NO_MATCH;
    if (!how->kept)
        return MATCHED;
    if (which == 2)
        *(long double *)to = value;
    else if (which == 1)
        *(double *)to = (double)value;
    else
        *(float *)to = (float)value;
    return MATCHED;
}

/* The characters of a `%[`, whose text begins at `*at`; it is left behind the bracket. */
static void read_set(const char **at, unsigned char set[UCHAR_MAX + 1])
{
    int inverted = **at == '^';
    *at += inverted;
    memset(set, inverted, UCHAR_MAX + 1);
    for (int first = 1; **at && (**at != ']' || first); first = 0) {
        unsigned char from = (unsigned char)*(*at)++, to = from;
        if (**at == '-' && (*at)[1] && (*at)[1] != ']') {
            to = (unsigned char)(*at)[1];
            *at += 2;
        }
        for (int c = from; c <= to; c++)
            set[c] = !inverted;
    }
    if (**at)
        ++*at;
}

static int scan_text(struct input *from, const struct conversion *how, const unsigned char *set, void *to)
{
    char *bytes = to;
    wchar_t *wide = to;
    long length = 0;
    int c;
    for (; (c = next(from)) != EOF; length++) {
        if (how->letter == 's' ? is_space(c) : how->letter == '[' && !set[c]) {
            put_back(from, c);
            break;
        }
        if (how->kept && how->size == LONG)
            wide[length] = c;
        else if (how->kept)
            bytes[length] = (char)c;
    }
    if (how->letter == 'c' ? from->left > 0 : length == 0)
        return NO_MATCH;
    if (how->kept && how->letter != 'c') {
        if (how->size == LONG)
            wide[length] = 0;
        else
            bytes[length] = 0;
    }
    return MATCHED;
}

static struct conversion read_conversion(const char **at)
{
    struct conversion how = {.kept = **at != '*'};
    *at += !how.kept;
    for (; **at >= '0' && **at <= '9'; ++*at)
        how.width = how.width > INT_MAX / 10 - 10 ? how.width : 10 * how.width + **at - '0';
    how.size = read_size(at);
    how.letter = **at;
    *at += how.letter != 0;
    return how;
}

static int scan(struct input *from, const struct conversion *how, const unsigned char *set, void *to)
{
    if (!strchr("c[n", how->letter))
        skip_spaces(from);
    from->left = how->width ? how->width : how->letter == 'c' ? 1 : INT_MAX;
    if (how->letter == 'n') {
        if (how->kept)
            store(to, how->size, (uintmax_t)from->count);
        return MATCHED;
    }
    int first = next(from);
    if (first == EOF)
        return NO_INPUT;
    put_back(from, first);
    if (strchr("diuoxXp", how->letter))
        return scan_integer(from, how, to);
    if (strchr("aefgAEFG", how->letter))
        return scan_real(from, how, to);
    return strchr("cs[", how->letter) ? scan_text(from, how, set, to) : NO_MATCH;
}

/* A character of the format that stands for itself. */
static int match(struct input *from, char wanted)
{
    from->left = 1;
    int c = next(from);
    if (c == (unsigned char)wanted)
        return MATCHED;
    put_back(from, c);
    return c == EOF ? NO_INPUT : NO_MATCH;
}

int __toyvm_vfscanf(FILE *stream, const char *format, va_list list)
{
    struct input from = {.stream = stream};
    int stored = 0, converted = 0, found = MATCHED;
    for (const char *at = format; *at && found == MATCHED;) {
        unsigned char set[UCHAR_MAX + 1];
        if (is_space((unsigned char)*at)) {
            skip_spaces(&from);
            at++;
        } else if (*at != '%') {
            found = match(&from, *at++);
        } else if (at[1] == '%') {
            skip_spaces(&from);
            found = match(&from, '%');
            at += 2;
        } else {
            at++;
            struct conversion how = read_conversion(&at);
            if (!how.letter)
                break;
            if (how.letter == '[')
                read_set(&at, set);
            found = scan(&from, &how, set, how.kept ? va_arg(list, void *) : NULL);
            converted += found == MATCHED && how.letter != 'n';
            stored += found == MATCHED && how.letter != 'n' && how.kept;
        }
    }
    return found == NO_INPUT && !converted ? EOF : stored;
}
ALSO_NAMED(vfscanf);
