/* Three checks over records: by bytes (Fowler, Noll and Vo), by words (in the manner of Murmur), and Adler's sums. */
#include "program.h"

enum { RECORDS = 64, NAME = 20 };
struct record {
    uint32_t number;
    uint16_t kind, flags;
    uint8_t name[NAME];
    uint64_t balance;
};
static struct record records[RECORDS];

static uint32_t by_bytes(const uint8_t *bytes, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

static uint32_t add_word(uint32_t hash, uint32_t word)
{
    word *= 0xcc9e2d51u;
    word = word << 15 | word >> 17;
    hash ^= word * 0x1b873593u;
    return (hash << 13 | hash >> 19) * 5 + 0xe6546b64u;
}

static uint32_t by_words(const struct record *record)
{
    uint32_t hash = add_word(0, record->number);
    hash = add_word(hash, (uint32_t)record->kind << 16 | record->flags);
    hash = add_word(hash, (uint32_t)record->balance);
    hash = add_word(hash, (uint32_t)(record->balance >> 32));
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    return hash ^ hash >> 13;
}

static uint32_t adler(const uint8_t *bytes, size_t length)
{
    uint32_t one = 1, other = 0;
    while (length--) {
        one = (one + *bytes++) % 65521;
        other = (other + one) % 65521;
    }
    return other << 16 | one;
}

uint64_t program(uint32_t scale)
{
    uint64_t check = 0;
    uint32_t random = 73;
    for (int i = 0; i < RECORDS; i++) {
        records[i].balance = records[i].flags = 0;
        for (int j = 0; j < NAME; j++)
            records[i].name[j] = (uint8_t)('a' + next_random(&random) % 26);
    }
    while (scale--)
        for (int i = 0; i < RECORDS; i++) {
            struct record *record = &records[i];
            record->number = by_bytes(record->name, NAME) + scale;
            record->kind = (uint16_t)(record->number >> 7);
            record->balance += adler(record->name, NAME);
            record->name[scale % NAME] ^= (uint8_t)(record->flags = (uint16_t)by_words(record));
            check = mixed(check, record->flags);
        }
    return check;
}
