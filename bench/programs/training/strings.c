/* The functions that every library has for strings, written plainly: lengths, copies, comparisons, searches. */
#include "program.h"

#define APART static __attribute__((noinline)) /* as if from a library */
enum { LINE = 256 };

APART size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

APART char *append(char *to, const char *from)
{
    while (*to)
        to++;
    while ((*to = *from++))
        to++;
    return to;
}

APART int compare(const char *one, const char *other, size_t most)
{
    for (; most; one++, other++, most--)
        if (*one != *other || !*one)
            return *one - *other;
    return 0;
}

APART const char *find_letter(const char *text, char letter)
{
    for (; *text != letter; text++)
        if (!*text)
            return NULL;
    return text;
}

APART const char *find(const char *text, const char *wanted)
{
    size_t length = length_of(wanted);
    while ((text = find_letter(text, *wanted))) {
        if (!compare(text, wanted, length))
            return text;
        text++;
    }
    return NULL;
}

APART void raise_case(char *text)
{
    for (; *text; text++)
        if (*text >= 'a' && *text <= 'z')
            *text = (char)(*text - 'a' + 'A');
}

APART void reverse(char *text)
{
    char *last = text + length_of(text);
    while (text < last) {
        char kept = *text;
        *text++ = *--last;
        *last = kept;
    }
}

/* The next word, ended in place; `rest` moves behind it. */
APART char *next_word(char **rest, const char *separators)
{
    char *word = *rest;
    while (*word && find_letter(separators, *word))
        word++;
    char *end = word;
    while (*end && !find_letter(separators, *end))
        end++;
    *rest = *end ? end + 1 : end;
    *end = 0;
    return *word ? word : NULL;
}

uint64_t program(uint32_t scale)
{
    static const char *const words[] = {"memory", "guest", "page", "a", "interpreter", "of", "machines", "trap"};
    uint64_t check = 0;
    uint32_t random = 157;
    while (scale--) {
        char line[LINE], *rest = line, *end = line;
        *end = 0;
        for (int i = 0; i < 16; i++) {
            end = append(end, words[next_random(&random) % 8]);
            end = append(end, random & 256 ? ", " : " ");
        }
        const char *found = find(line, "page, trap");
        check = mixed(check, length_of(line) + (found ? (uint64_t)(found - line) << 8 : 0));
        for (char *word = next_word(&rest, " ,."); word; word = next_word(&rest, " ,.")) {
            if (compare(word, "machines", LINE) < 0)
                raise_case(word);
            reverse(word);
            check = mixed(check, (uint64_t)*word);
        }
    }
    return check;
}
