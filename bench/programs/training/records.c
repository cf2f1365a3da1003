/* Records merge-sorted by functions that compare, and found by bisection: calls through pointers, structs, strings. */
#include "program.h"

enum { RECORDS = 500, NAME = 12 };
struct record {
    uint32_t number;
    int16_t age;
    char name[NAME];
};
typedef int comparison(const struct record *, const struct record *);
static struct record records[RECORDS];
static struct record *sorted[RECORDS], *spare[RECORDS];

static int by_number(const struct record *a, const struct record *b)
{
    return (a->number > b->number) - (a->number < b->number);
}

static int by_name(const struct record *a, const struct record *b)
{
    int i = 0;
    while (a->name[i] && a->name[i] == b->name[i])
        i++;
    return a->name[i] - b->name[i];
}

static int by_age(const struct record *a, const struct record *b)
{
    int difference = a->age - b->age;
    return difference ? difference : by_name(a, b);
}

/* Both arrays hold the same items; `items` is left in order, `other` in none. */
static void sort(struct record **items, struct record **other, uint32_t count, comparison *compare)
{
    if (count < 2)
        return;
    uint32_t half = count / 2, left = 0, right = half;
    sort(other, items, half, compare);
    sort(other + half, items + half, count - half, compare);
    for (uint32_t i = 0; i < count; i++) {
        int takes_left = right == count || (left < half && compare(other[left], other[right]) <= 0);
        items[i] = other[takes_left ? left++ : right++];
    }
}

static uint32_t find(const struct record *wanted, comparison *compare)
{
    uint32_t low = 0, high = RECORDS;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (compare(sorted[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void fill(struct record *record, uint32_t *random)
{
    record->number = next_random(random);
    record->age = (int16_t)(record->number % 80);
    uint32_t length = record->number % (NAME - 4) + 3;
    record->name[length] = 0;
    while (length--)
        record->name[length] = (char)('a' + next_random(random) % 3);
}

uint64_t program(uint32_t scale)
{
    static comparison *const comparisons[] = {by_number, by_name, by_age};
    uint64_t check = 0;
    uint32_t random = 139;
    for (uint32_t i = 0; i < RECORDS; i++)
        fill(&records[i], &random);
    while (scale--) {
        comparison *compare = comparisons[scale % 3];
        fill(&records[scale % RECORDS], &random);
        for (uint32_t i = 0; i < RECORDS; i++)
            sorted[i] = spare[i] = &records[i];
        sort(sorted, spare, RECORDS, compare);
        for (uint32_t i = 0; i < RECORDS; i += 5)
            check = mixed(check, find(&records[i], compare));
    }
    return check;
}
