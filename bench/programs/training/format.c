/* Formatted text with a variable number of arguments: a switch on letters, widths, digits, padding. */
#include <stdarg.h>

#include "program.h"

enum { LINE = 128 };
struct line {
    char text[LINE];
    uint32_t length;
};
struct style {
    uint32_t width;
    char padding;
};

static void put(struct line *line, char letter)
{
    if (line->length < LINE - 1)
        line->text[line->length++] = letter;
}

static void put_padded(struct line *line, const char *text, uint32_t length, struct style style)
{
    for (; style.width > length; style.width--)
        put(line, style.padding);
    while (length--)
        put(line, *text++);
}

static void put_number(struct line *line, uint64_t value, uint32_t base, int is_negative, struct style style)
{
    char digits[32], *first = digits + sizeof digits;
    do
        *--first = "0123456789abcdef"[value % base];
    while (value /= base);
    if (is_negative)
        *--first = '-';
    put_padded(line, first, (uint32_t)(digits + sizeof digits - first), style);
}

static void put_string(struct line *line, const char *text, struct style style)
{
    uint32_t length = 0;
    while (text[length])
        length++;
    put_padded(line, text, length, style);
}

static __attribute__((noinline)) void print(struct line *line, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    line->length = 0;
    for (; *format; format++) {
        if (*format != '%') {
            put(line, *format);
            continue;
        }
        struct style style = {0, ' '};
        if (*++format == '0')
            style.padding = *format++;
        for (; *format >= '0' && *format <= '9'; format++)
            style.width = 10 * style.width + (uint32_t)(*format - '0');
        switch (*format) {
        case 'd': {
            int64_t value = va_arg(values, int32_t);
            put_number(line, (uint64_t)(value < 0 ? -value : value), 10, value < 0, style);
            break;
        }
        case 'u': put_number(line, va_arg(values, uint32_t), 10, 0, style); break;
        case 'x': put_number(line, va_arg(values, uint64_t), 16, 0, style); break;
        case 's': put_string(line, va_arg(values, const char *), style); break;
        case 'c': put(line, (char)va_arg(values, int)); break;
        default: put(line, *format);
        }
    }
    va_end(values);
    line->text[line->length] = 0;
}

uint64_t program(uint32_t scale)
{
    static const char *const names[] = {"load", "store", "branch", "multiply"};
    struct line line;
    uint64_t check = 0;
    uint32_t random = 163;
    for (uint32_t i = 0; i < 10 * scale; i++) {
        uint32_t value = next_random(&random);
        print(&line, "%8x: %10s x%u, %d(%c%02d) ; %u%%", (uint64_t)i << 4, names[value & 3], value % 32,
              (int)(value >> 16) - 30000, "ast"[value % 3], (int)(value >> 8 & 7), value);
        check = mixed(check, line.length + (uint64_t)line.text[value % line.length]);
    }
    return check;
}
