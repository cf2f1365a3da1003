/* fmt [-w WIDTH] [-j] [FILE...]: a text formatter. Paragraphs are filled to lines of one width, or justified with -j.
 *
 * A paragraph ends with an empty line, or where the indentation changes, which its lines keep. Lines end where that
 * leaves the least spread: the sum of the squares of what is left at their ends is as small as can be.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 4096, WORDS = 4000, TEXT = 64 * 1024 };

static char text[TEXT];         /* of the paragraph's words, each with a 0 behind it */
static int used;
static struct {
    char *word;
    int length;
    long cost;                  /* of the best lines from here to the end, and the word after the first of them */
    int next;
} words[WORDS + 1];
static int count, indentation, width = 72, justifying;

static void print_line(int first, int end)
{
    int letters = 0, gaps = end - first - 1;
    for (int i = first; i < end; i++)
        letters += words[i].length;
    int is_last = end == count, room = width - indentation - letters;
    printf("%*s", indentation, "");
    for (int i = first; i < end; i++) {
        int gap = i - first;
        int spaces = justifying && !is_last && room > gaps ? room * (gap + 1) / gaps - room * gap / gaps : 1;
        printf("%s%*s", words[i].word, i + 1 < end ? spaces : 0, "");
    }
    putchar('\n');
}

/* From the last word to the first: where a line that begins with this one should end. */
static void break_lines(void)
{
    words[count].cost = 0;
    for (int first = count; first-- > 0;) {
        int length = indentation - 1;
        words[first].cost = -1;
        for (int end = first + 1; end <= count; end++) {
            length += words[end - 1].length + 1;
            if (length > width && end > first + 1)
                break;
            long left = end == count || length > width ? 0 : width - length;
            long cost = left * left + words[end].cost;
            if (words[first].cost < 0 || cost < words[first].cost) {
                words[first].cost = cost;
                words[first].next = end;
            }
        }
    }
}

static void end_paragraph(void)
{
    break_lines();
    for (int first = 0; first < count; first = words[first].next)
        print_line(first, words[first].next);
    count = used = 0;
}

static void add_words(char *line)
{
    for (char *word = strtok(line, " \t\n"); word; word = strtok(NULL, " \t\n")) {
        int length = (int)strlen(word);
        if (count == WORDS || used + length + 1 > TEXT)
            end_paragraph();
        words[count].word = memcpy(text + used, word, (size_t)length + 1);
        words[count++].length = length;
        used += length + 1;
    }
}

static void format(FILE *from)
{
    char line[LINE];
    while (fgets(line, sizeof line, from)) {
        int spaces = (int)strspn(line, " ");
        if (line[spaces] == '\n' || !line[spaces]) {
            end_paragraph();
            putchar('\n');
            continue;
        }
        if (count && spaces != indentation)
            end_paragraph();
        indentation = spaces < width / 2 ? spaces : width / 2;
        add_words(line);
    }
    end_paragraph();
}

int main(int argc, char **argv)
{
    int status = 0;
    for (int option; (option = getopt(argc, argv, "w:j")) != -1;)
        if (option == 'j')
            justifying = 1;
        else if (option != 'w' || (width = atoi(optarg)) < 2 || width > LINE) {
            fprintf(stderr, "usage: fmt [-w WIDTH] [-j] [FILE...]\n");
            return 2;
        }
    if (optind == argc)
        format(stdin);
    for (int i = optind; i < argc; i++) {
        FILE *from = fopen(argv[i], "r");
        if (from) {
            format(from);
            fclose(from);
        } else {
            fprintf(stderr, "fmt: %s: %s\n", argv[i], strerror(errno));
            status = 1;
        }
    }
    return status;
}
