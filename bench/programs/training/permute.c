/* Permutations by recursion (Heap's), each given to one of several functions: calls through pointers. */
#include "program.h"

enum { ITEMS = 7 };
static uint32_t items[ITEMS];
static uint64_t check;

static uint32_t first(uint32_t a, uint32_t b) { return a + b; }
static uint32_t second(uint32_t a, uint32_t b) { return a ^ b; }
static uint32_t third(uint32_t a, uint32_t b) { return 3 * a - b; }
static uint32_t (*const functions[])(uint32_t, uint32_t) = {first, second, third};

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

static void permute(uint32_t count)
{
    if (count == 1) {
        check = mixed(check, functions[items[0] % 3](items[1], items[2]));
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        permute(count - 1);
        swap(&items[count & 1 ? 0 : i], &items[count - 1]);
    }
}

uint64_t program(uint32_t scale)
{
    check = 0;
    while (scale--) {
        for (uint32_t i = 0; i < ITEMS; i++)
            items[i] = i + scale;
        permute(ITEMS);
    }
    return check;
}
