/* Strings and a hash table: how often each word of a text occurs. */
#include "program.h"

enum { LETTERS = 16384, SLOTS = 1024, WORD = 12 };
static char text[LETTERS + 1];
static struct slot {
    char word[WORD];
    uint32_t count;
} slots[SLOTS];

static void make_text(uint32_t random)
{
    for (int i = 0; i < LETTERS; i++) {
        uint32_t value = next_random(&random);
        text[i] = value % 6 == 0 ? ' ' : (char)('a' + (value >> 8) % 4);
    }
    text[LETTERS] = 0;
}

static int is_same(const char *one, const char *other)
{
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

static void count_word(const char *word)
{
    uint32_t hash = 5381;
    for (const char *at = word; *at; at++)
        hash = hash * 33 + (uint8_t)*at;
    struct slot *slot = &slots[hash % SLOTS];
    while (slot->count && !is_same(slot->word, word))
        slot = slot == &slots[SLOTS - 1] ? slots : slot + 1;
    if (!slot->count)
        for (int i = 0; i < WORD; i++)
            slot->word[i] = word[i];
    slot->count++;
}

static void count_words(void)
{
    char word[WORD] = {0};
    int length = 0;
    for (const char *at = text;; at++) {
        if (*at && *at != ' ' && length < 3) {
            word[length++] = *at;
        } else if (length) {
            word[length] = 0;
            count_word(word);
            length = 0;
        }
        if (!*at)
            return;
    }
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    for (uint32_t round = 0; round < scale; round++) {
        for (int i = 0; i < SLOTS; i++)
            slots[i].count = 0;
        make_text(362436069u + round);
        count_words();
        for (int i = 0; i < SLOTS; i++)
            check = mixed(check, slots[i].count);
    }
    return check;
}
