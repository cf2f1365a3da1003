/* Patterns with `.`, `*`, `+`, `?` and sets sought in text: functions that call one another, pointers into strings. */
#include "program.h"

enum { LENGTH = 400 };
static char text[LENGTH + 1];
static const char *const patterns[] = {"ab*c", "[abc]+d", "a.c?e", "d[ae]*d$", "b+a?c+[de]e", "^[a-c]*e", "a.*b.*ee"};

/* What follows the first element: a letter, a dot or a set. */
static const char *rest_of(const char *pattern)
{
    if (*pattern != '[')
        return pattern + 1;
    while (*pattern != ']')
        pattern++;
    return pattern + 1;
}

static int fits(const char *pattern, char letter)
{
    if (!letter)
        return 0;
    if (*pattern != '[')
        return *pattern == '.' || *pattern == letter;
    for (pattern++; *pattern != ']'; pattern++) {
        if (pattern[1] == '-' && letter >= pattern[0] && letter <= pattern[2])
            return 1;
        if (*pattern == letter)
            return 1;
    }
    return 0;
}

static const char *match(const char *pattern, const char *at);

static const char *match_many(const char *element, const char *rest, const char *at)
{
    const char *last = at;
    while (fits(element, *last))
        last++;
    for (; last >= at; last--) {
        const char *end = match(rest, last);
        if (end)
            return end;
    }
    return NULL;
}

/* Where the match ends, or NULL. */
static const char *match(const char *pattern, const char *at)
{
    if (!*pattern)
        return at;
    if (pattern[0] == '$' && !pattern[1])
        return *at ? NULL : at;
    const char *rest = rest_of(pattern);
    switch (*rest) {
    case '*': return match_many(pattern, rest + 1, at);
    case '+': return fits(pattern, *at) ? match_many(pattern, rest + 1, at + 1) : NULL;
    case '?': {
        const char *end = fits(pattern, *at) ? match(rest + 1, at + 1) : NULL;
        return end ? end : match(rest + 1, at);
    }
    default: return fits(pattern, *at) ? match(rest, at + 1) : NULL;
    }
}

static uint32_t count(const char *pattern)
{
    if (*pattern == '^')
        return match(pattern + 1, text) != NULL;
    uint32_t found = 0;
    for (const char *at = text; *at; at++)
        found += match(pattern, at) != NULL;
    return found;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 151;
    while (scale--) {
        for (int i = 0; i < LENGTH; i++)
            text[i] = next_random(&random) % 40 ? (char)('a' + (random >> 8) % 5) : ' ';
        for (unsigned i = 0; i < sizeof patterns / sizeof *patterns; i++)
            check = mixed(check, count(patterns[i]));
    }
    return check;
}
