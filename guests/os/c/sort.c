/* sort [-nrufb] [-k FIELD] [-t SEPARATOR] [-o OUTPUT] [FILE...]: the lines of files, or of standard input, in order.
 *
 *   -n  by the number in front   -r  backwards   -u  of equal lines one   -f  capitals as small letters
 *   -k  by what begins at this field, from 1     -t  what fields are separated by, in place of blanks
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_number, backwards, once, folding, field, separator = -1;

struct lines {
    char **lines;
    size_t count, room;
};

static void fail(const char *what)
{
    fprintf(stderr, "sort: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void *checked(void *memory)
{
    if (!memory)
        fail("the lines");
    return memory;
}

/* The next line without its end, or NULL. */
static char *read_line(FILE *from)
{
    size_t length = 0, room = 80;
    char *line = checked(malloc(room));
    int byte;
    while ((byte = getc(from)) != EOF && byte != '\n') {
        if (length + 1 == room)
            line = checked(realloc(line, room *= 2));
        line[length++] = (char)byte;
    }
    line[length] = 0;
    if (byte != EOF || length)
        return checked(realloc(line, length + 1));
    free(line);
    return NULL;
}

static void read_lines(struct lines *all, FILE *from, const char *name)
{
    for (char *line; (line = read_line(from));) {
        if (all->count == all->room)
            all->lines = checked(realloc(all->lines, (all->room = all->room ? all->room * 2 : 256) * sizeof(char *)));
        all->lines[all->count++] = line;
    }
    if (ferror(from))
        fail(name);
}

/* Where the key of a line begins. */
static const char *key_of(const char *line)
{
    for (int i = 1; i < field; i++) {
        if (separator >= 0) {
            const char *end = strchr(line, separator);
            line = end ? end + 1 : line + strlen(line);
        } else {
            line += strspn(line, " \t");
            line += strcspn(line, " \t");
        }
    }
    return separator < 0 && field > 0 ? line + strspn(line, " \t") : line;
}

/* As numbers of any length, with a point: no digit is lost to a limit. */
static int compare_numbers(const char *one, const char *other)
{
    one += strspn(one, " \t");
    other += strspn(other, " \t");
    int one_sign = *one == '-' ? -1 : 1, other_sign = *other == '-' ? -1 : 1;
    one += one_sign < 0;
    other += other_sign < 0;
    one += strspn(one, "0");
    other += strspn(other, "0");
    size_t one_whole = strspn(one, "0123456789"), other_whole = strspn(other, "0123456789");
    const char *one_part = one + one_whole, *other_part = other + other_whole;
    int is_zero = !one_whole && !(*one_part == '.' && strspn(one_part + 1, "0") < strspn(one_part + 1, "0123456789"));
    int other_is_zero =
        !other_whole && !(*other_part == '.' && strspn(other_part + 1, "0") < strspn(other_part + 1, "0123456789"));
    one_sign = is_zero ? 0 : one_sign;
    other_sign = other_is_zero ? 0 : other_sign;
    if (one_sign != other_sign || !one_sign)
        return (one_sign > other_sign) - (one_sign < other_sign);
    if (one_whole != other_whole)
        return one_whole < other_whole ? -one_sign : one_sign;
    int order = strncmp(one, other, one_whole);
    one_part += *one_part == '.';
    other_part += *other_part == '.';
    while (!order && (isdigit((unsigned char)*one_part) || isdigit((unsigned char)*other_part))) {
        int one_digit = isdigit((unsigned char)*one_part) ? *one_part++ : '0';
        int other_digit = isdigit((unsigned char)*other_part) ? *other_part++ : '0';
        order = one_digit - other_digit;
    }
    return order < 0 ? -one_sign : order > 0 ? one_sign : 0;
}

static int compare_keys(const char *one, const char *other)
{
    one = key_of(one);
    other = key_of(other);
    return by_number ? compare_numbers(one, other) : folding ? strcasecmp(one, other) : strcmp(one, other);
}

/* Lines with equal keys are in order of all that they have, so that it is the same everywhere. */
static int compare(const void *one, const void *other)
{
    const char *first = *(char *const *)one, *second = *(char *const *)other;
    int order = compare_keys(first, second);
    if (!order && !once)
        order = strcmp(first, second);
    return backwards ? -order : order;
}

static void usage(void)
{
    fprintf(stderr, "usage: sort [-nrufb] [-k FIELD] [-t SEPARATOR] [-o OUTPUT] [FILE...]\n");
    exit(2);
}

int main(int argc, char **argv)
{
    struct lines all = {0};
    const char *output = NULL;
    for (int option; (option = getopt(argc, argv, "nrufbk:t:o:")) != -1;)
        switch (option) {
        case 'n': by_number = 1; break;
        case 'r': backwards = 1; break;
        case 'u': once = 1; break;
        case 'f': folding = 1; break;
        case 'b': field = field ? field : 1; break;
        case 'k': field = atoi(optarg); break;
        case 't': separator = (unsigned char)*optarg; break;
        case 'o': output = optarg; break;
        default: usage();
        }
    if (optind == argc)
        read_lines(&all, stdin, "standard input");
    for (int i = optind; i < argc; i++) {
        FILE *from = fopen(argv[i], "r");
        if (!from)
            fail(argv[i]);
        read_lines(&all, from, argv[i]);
        fclose(from);
    }
    if (all.count)
        qsort(all.lines, all.count, sizeof(char *), compare);
    if (output && !freopen(output, "w", stdout)) /* only now: it may be one of the files */
        fail(output);
    for (size_t i = 0; i < all.count; i++)
        if (!once || !i || compare_keys(all.lines[i - 1], all.lines[i]))
            puts(all.lines[i]);
    if (fflush(stdout) || ferror(stdout))
        fail(output ? output : "standard output");
    return 0;
}
