/* A table by keys: open addressing, an empty slot has the key 0. */
#include "table.h"

#include "arena.h"

#include <string.h>

enum { FIRST_SIZE = 1 << 16 };

static u64 *find(const struct table *table, struct key key)
{
    u64 at = key.low & (table->size - 1);
    for (;; at = (at + 1) & (table->size - 1)) {
        u64 *slot = table->slots + at * table->words;
        if ((slot[0] == key.low && slot[1] == key.high) || !(slot[0] | slot[1]))
            return slot;
    }
}

static bool grow(struct table *table)
{
    struct table old = *table;
    if (2 * old.size * old.words * sizeof *old.slots > TABLE_BYTES_MAXIMUM)
        return false;
    table->size = old.size ? 2 * old.size : FIRST_SIZE;
    table->slots = outside(table->size * table->words * sizeof *table->slots);
    for (u64 n = 0; n < old.size; n++) {
        const u64 *slot = old.slots + n * old.words;
        if (slot[0] | slot[1])
            memcpy(find(table, (struct key){slot[0], slot[1]}), slot, old.words * sizeof *slot);
    }
    if (old.size)
        outside_free(old.slots, old.size * old.words * sizeof *old.slots);
    return true;
}

/* The key 0 stands for none. */
static struct key written(struct key key)
{
    key.low |= !(key.low | key.high);
    return key;
}

u64 *table_at(struct table *table, struct key key, bool *is_new)
{
    key = written(key);
    *is_new = false;
    if (4 * table->taken >= 3 * table->size && !grow(table))
        return NULL;
    u64 *slot = find(table, key);
    if (slot[0] | slot[1])
        return slot + 2;
    *is_new = true;
    slot[0] = key.low;
    slot[1] = key.high;
    table->taken++;
    return slot + 2;
}

u64 table_look(const struct table *table, struct key key)
{
    return table->size ? find(table, written(key))[2] : 0;
}
