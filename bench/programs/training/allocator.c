/* A first-fit allocator in one array: headers read and written, blocks split, and free neighbours joined. */
#include "program.h"

enum { WORDS = 4096, HELD = 64, LARGEST = 80 };
/* A block's first word: its size in words, that word included, times two; plus one while it is taken. */
static uint32_t arena[WORDS], held[HELD];

static uint32_t size_at(uint32_t at)
{
    return arena[at] >> 1;
}

static int is_free(uint32_t at)
{
    return at < WORDS && !(arena[at] & 1);
}

static void set_block(uint32_t at, uint32_t size, uint32_t is_taken)
{
    arena[at] = size << 1 | is_taken;
}

static void join_following(uint32_t at)
{
    while (is_free(at + size_at(at)))
        set_block(at, size_at(at) + size_at(at + size_at(at)), 0);
}

/* Returns the index of the first word, 0 if there is no room. */
static uint32_t allocate(uint32_t words)
{
    uint32_t wanted = words + 1;
    for (uint32_t at = 0; at < WORDS; at += size_at(at)) {
        if (!is_free(at))
            continue;
        join_following(at);
        uint32_t size = size_at(at);
        if (size < wanted)
            continue;
        if (size > wanted)
            set_block(at + wanted, size - wanted, 0);
        set_block(at, wanted, 1);
        return at + 1;
    }
    return 0;
}

static void release(uint32_t block)
{
    arena[block - 1] &= ~1u;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 137;
    set_block(0, WORDS, 0);
    for (uint32_t i = 0; i < HELD; i++)
        held[i] = 0;
    for (uint32_t i = 0; i < 1000 * scale; i++) {
        uint32_t value = next_random(&random), *block = &held[value % HELD];
        if (*block) {
            check = mixed(check, arena[*block]);
            release(*block);
        }
        *block = allocate((value >> 8) % LARGEST + 1);
        if (*block)
            arena[*block] = i;
    }
    return check;
}
