/* A ledger that is written as text, read back, sorted by several keys, looked up and reported: a whole C library at work. */
#include "../program.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 160, ACCOUNTS = 24, BUCKETS = 32, LINE = 96 };

struct entry {
    char *name, *purpose;
    int day, month;
    long amount;
    struct entry *next; /* in its bucket */
};

static const char *const firsts[] = {"ada", "alan", "barbara", "edsger", "frances", "grace", "john", "kathleen"};
static const char *const lasts[] = {"backus", "hopper", "liskov", "lovelace", "turing"};
static const char *const purposes[] = {"rent", "paper and ink", "a replacement for valve 17", "coffee", "punched cards, 2000"};

static char *copied(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    if (!copy)
        abort();
    return strcpy(copy, text);
}

/* ---- text ---- */

static int write_line(char *line, uint32_t *random)
{
    uint32_t account = next_random(random) % ACCOUNTS;
    const char *first = firsts[account % 8], *last = lasts[account % 5], *purpose = purposes[next_random(random) % 5];
    long amount = (long)(next_random(random) % 2000000) - 1000000;
    uint32_t month = 1 + next_random(random) % 12, day = 1 + next_random(random) % 28;
    return snprintf(line, LINE, "%s %s;%02u-%02u;%s;%ld.%02ld\n", first, last, month, day, purpose, amount / 100,
                    labs(amount % 100));
}

static char *write_ledger(uint32_t *random)
{
    size_t room = 256, used = 0;
    char *text = malloc(room);
    for (int n = 0; text && n < ENTRIES; n++) {
        if (room - used < LINE)
            text = realloc(text, room *= 2);
        if (text)
            used += (size_t)write_line(text + used, random);
    }
    if (!text)
        abort();
    return text;
}

static void capitalize(char *name)
{
    for (char *at = name; *at; at++)
        if (at == name || at[-1] == ' ')
            *at = (char)toupper((unsigned char)*at);
}

static char *field(char **rest, char end)
{
    char *start = *rest, *stop = strchr(start, end);
    if (!stop)
        abort();
    *stop = 0;
    *rest = stop + 1;
    return start;
}

static struct entry *read_line(char **rest)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        abort();
    entry->name = copied(field(rest, ';'));
    capitalize(entry->name);
    char *date = field(rest, ';'), *day;
    entry->month = (int)strtol(date, &day, 10);
    entry->day = atoi(day + 1);
    entry->purpose = copied(field(rest, ';'));
    char *amount = field(rest, '\n'), *cents = strchr(amount, '.');
    long whole = strtol(amount, NULL, 10) * 100, part = strtol(cents + 1, NULL, 10);
    entry->amount = *amount == '-' ? whole - part : whole + part;
    return entry;
}

/* ---- order ---- */

static int compare_names(const void *a, const void *b)
{
    const struct entry *one = *(struct entry *const *)a, *other = *(struct entry *const *)b;
    int order = strcmp(one->name, other->name);
    return order ? order : one->amount < other->amount ? -1 : one->amount > other->amount;
}

static int compare_dates(const void *a, const void *b)
{
    const struct entry *one = *(struct entry *const *)a, *other = *(struct entry *const *)b;
    int order = one->month * 32 + one->day - other->month * 32 - other->day;
    return order ? order : compare_names(a, b);
}

static int compare_purposes(const void *a, const void *b)
{
    const struct entry *one = *(struct entry *const *)a, *other = *(struct entry *const *)b;
    int order = strncmp(one->purpose, other->purpose, 16);
    return order ? order : compare_dates(a, b);
}

static int (*const orders[])(const void *, const void *) = {compare_names, compare_dates, compare_purposes};

/* ---- books ---- */

static uint32_t hash(const char *text)
{
    uint32_t value = 5381;
    while (*text)
        value = value * 33 + (unsigned char)*text++;
    return value;
}

static void enter(struct entry **buckets, struct entry *entry)
{
    struct entry **bucket = &buckets[hash(entry->name) % BUCKETS];
    entry->next = *bucket;
    *bucket = entry;
}

static long balance(struct entry *const *buckets, const char *name)
{
    long sum = 0;
    for (const struct entry *entry = buckets[hash(name) % BUCKETS]; entry; entry = entry->next)
        if (!strcmp(entry->name, name))
            sum += entry->amount;
    return sum;
}

static uint64_t report(struct entry *const *entries, struct entry *const *buckets)
{
    char line[LINE];
    uint64_t check = 0;
    for (int n = 0; n < ENTRIES; n++) {
        const struct entry *entry = entries[n];
        int size = snprintf(line, sizeof line, "%-20s|%3d/%-2d|%-28.28s|%12.3ld|%#lx", entry->name, entry->day, entry->month, entry->purpose,
                            entry->amount, (unsigned long)balance(buckets, entry->name));
        memset(line + size, '.', sizeof line - (size_t)size);
        memmove(line + 1, line, sizeof line - 1);
        line[sizeof line - 1] = 0;
        check = mixed(check, hash(strstr(line, "|") ? line : "?") + (memcmp(line, line + 1, 8) < 0));
    }
    return check;
}

static void release(struct entry *entry)
{
    free(entry->name);
    free(entry->purpose);
    free(entry);
}

static uint64_t keep_books(uint32_t *random)
{
    struct entry *entries[ENTRIES], *buckets[BUCKETS] = {0};
    char *text = write_ledger(random), *rest = text;
    uint64_t check = 0;
    for (int n = 0; n < ENTRIES; n++)
        enter(buckets, entries[n] = read_line(&rest));
    for (size_t n = 0; n < sizeof orders / sizeof *orders; n++) {
        qsort(entries, ENTRIES, sizeof *entries, orders[n]);
        check = mixed(check, report(entries, buckets));
    }
    for (int n = 0; n < ENTRIES; n++)
        release(entries[n]);
    free(text);
    return check;
}

uint64_t program(uint32_t scale)
{
    uint32_t random = 747796405u;
    uint64_t check = 0;
    while (scale--)
        check = mixed(check, keep_books(&random));
    return check;
}
