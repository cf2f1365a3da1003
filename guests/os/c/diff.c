/* diff ONE OTHER: the lines in which two files differ, as `ed` would be told to change one into the other.
 *
 * The shortest such list, found as Myers does (1986): from the pair of beginnings, how far each number of changes leads.
 * Ends with 0 for equal files, 1 for others, 2 for what cannot be read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *data;
    char **lines;
    long count;
    int is_open; /* the last line has no end */
};

static void fail(const char *what)
{
    fprintf(stderr, "diff: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void *checked(void *memory)
{
    if (!memory)
        fail("the files");
    return memory;
}

static struct text read_text(const char *path)
{
    FILE *from = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    struct text text = {0};
    size_t size = 0, room = 1 << 16;
    if (!from)
        fail(path);
    text.data = checked(malloc(room));
    for (size_t got; (got = fread(text.data + size, 1, room - size - 1, from)) > 0;)
        if ((size += got) == room - 1)
            text.data = checked(realloc(text.data, room *= 2));
    if (ferror(from))
        fail(path);
    if (from != stdin)
        fclose(from);
    text.data[size] = 0;
    for (size_t i = 0; i < size; i++)
        text.count += text.data[i] == '\n';
    text.is_open = size && text.data[size - 1] != '\n';
    text.count += text.is_open;
    text.lines = checked(malloc(((size_t)text.count + 1) * sizeof(char *)));
    char *line = text.data;
    for (long i = 0; i < text.count; i++) {
        char *end = memchr(line, '\n', (size_t)(text.data + size - line));
        text.lines[i] = line;
        if (end)
            *end = 0, line = end + 1;
    }
    return text;
}

static int are_equal(const struct text *one, long i, const struct text *other, long j)
{
    int one_open = one->is_open && i == one->count - 1, other_open = other->is_open && j == other->count - 1;
    return one_open == other_open && strcmp(one->lines[i], other->lines[j]) == 0;
}

/* Which lines of both are no longer there, or new. */
static void mark(const struct text *one, const struct text *other, char *gone, char *fresh)
{
    long most = one->count + other->count, changes, diagonal = 0;
    long **steps = checked(calloc((size_t)most + 2, sizeof *steps)); /* of each number of changes: how far, by diagonal */
    for (changes = 0;; changes++) {
        long *reached = steps[changes] = checked(malloc((size_t)(2 * changes + 1) * sizeof *reached));
        int is_done = 0;
        for (diagonal = -changes; diagonal <= changes && !is_done; diagonal += 2) {
            long *before = changes ? steps[changes - 1] + changes - 1 : NULL, x;
            if (!changes)
                x = 0;
            else if (diagonal == -changes || (diagonal != changes && before[diagonal - 1] < before[diagonal + 1]))
                x = before[diagonal + 1];
            else
                x = before[diagonal - 1] + 1;
            while (x < one->count && x - diagonal < other->count && x - diagonal >= 0 &&
                   are_equal(one, x, other, x - diagonal))
                x++;
            reached[diagonal + changes] = x;
            is_done = x == one->count && x - diagonal == other->count;
        }
        if (is_done) {
            diagonal -= 2;
            break;
        }
    }
    for (; changes > 0; changes--) { /* the way back */
        long *before = steps[changes - 1] + changes - 1;
        int is_down =
            diagonal == -changes || (diagonal != changes && before[diagonal - 1] < before[diagonal + 1]);
        diagonal += is_down ? 1 : -1;
        long x = before[diagonal], y = x - diagonal;
        if (is_down)
            fresh[y] = 1;
        else
            gone[x] = 1;
        free(steps[changes]);
    }
    free(steps[0]);
    free(steps);
}

static void print_range(long first, long end)
{
    printf(end > first + 1 ? "%ld,%ld" : "%ld", end > first ? first + 1 : first, end);
}

static void print_lines(const struct text *text, long first, long end, char sign)
{
    for (; first < end; first++) {
        printf("%c %s\n", sign, text->lines[first]);
        if (text->is_open && first == text->count - 1)
            printf("\\ No newline at end of file\n");
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: diff ONE OTHER\n");
        return 2;
    }
    struct text one = read_text(argv[1]), other = read_text(argv[2]);
    char *gone = checked(calloc((size_t)one.count + 1, 1)), *fresh = checked(calloc((size_t)other.count + 1, 1));
    mark(&one, &other, gone, fresh);
    int status = 0;
    for (long i = 0, j = 0; i < one.count || j < other.count; i++, j++) {
        long first = i, second = j;
        while (gone[i])
            i++;
        while (fresh[j])
            j++;
        if (i > first || j > second) {
            status = 1;
            print_range(first, i);
            putchar(i == first ? 'a' : j == second ? 'd' : 'c');
            print_range(second, j);
            putchar('\n');
            print_lines(&one, first, i, '<');
            if (i > first && j > second)
                puts("---");
            print_lines(&other, second, j, '>');
        }
    }
    return status;
}
