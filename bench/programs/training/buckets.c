/* A hash table of chained entries with a free list: pointers to pointers, insertions and removals. */
#include "program.h"

enum { BUCKETS = 256, ENTRIES = 600, KEYS = 1000 };
struct entry {
    struct entry *next;
    uint32_t key, value;
};
static struct entry entries[ENTRIES], *buckets[BUCKETS], *free_entries;

static struct entry **place_of(uint32_t key)
{
    struct entry **place = &buckets[key * 2654435761u >> 24];
    while (*place && (*place)->key != key)
        place = &(*place)->next;
    return place;
}

static void put(uint32_t key, uint32_t value)
{
    struct entry **place = place_of(key), *entry = *place;
    if (!entry) {
        entry = free_entries;
        if (!entry)
            return;
        free_entries = entry->next;
        *entry = (struct entry){NULL, key, 0};
        *place = entry;
    }
    entry->value += value;
}

static uint32_t drop(uint32_t key)
{
    struct entry **place = place_of(key), *entry = *place;
    if (!entry)
        return 0;
    *place = entry->next;
    entry->next = free_entries;
    free_entries = entry;
    return entry->value;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 41;
    free_entries = NULL;
    for (int i = 0; i < BUCKETS; i++)
        buckets[i] = NULL;
    for (int i = 0; i < ENTRIES; i++) {
        entries[i].next = free_entries;
        free_entries = &entries[i];
    }
    for (uint32_t i = 0; i < 1000 * scale; i++) {
        uint32_t value = next_random(&random), key = value % KEYS;
        if (value >> 30)
            put(key, value >> 20);
        else
            check = mixed(check, drop(key));
    }
    return check;
}
