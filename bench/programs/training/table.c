/* A hash table with linear probing: multiplications, compares and short walks. */
#include "program.h"

enum { SLOTS = 2048, KEYS = 900 };
struct slot {
    uint64_t key;
    uint32_t count, used;
};
static struct slot slots[SLOTS];

static __attribute__((noinline)) uint32_t *find(uint64_t key)
{
    uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 53);
    while (slots[at].used && slots[at].key != key)
        at = (at + 1) % SLOTS;
    slots[at].used = 1;
    slots[at].key = key;
    return &slots[at].count;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 5;
    while (scale--) {
        for (int i = 0; i < SLOTS; i++)
            slots[i].used = slots[i].count = 0;
        for (int i = 0; i < 4 * KEYS; i++)
            ++*find(next_random(&random) % KEYS);
        check = mixed(check, *find(7));
    }
    return check;
}
