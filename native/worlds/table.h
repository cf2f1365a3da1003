/* A table by keys: a set, or a map to words. It lies outside of any world, and grows up to a limit. */
#ifndef T64_WORLDS_TABLE_H
#define T64_WORLDS_TABLE_H

#include "keys.h"

#define TABLE_BYTES_MAXIMUM ((u64)1 << 32) /* three quarters of which may be taken */

struct table {
    u32 words; /* of a slot: 2 for the key, and what it leads to */
    u64 *slots;
    u64 size, taken;
};

/* Where what the key leads to stands: zeros, if the key is new. NULL where it is new and there is no room for it. */
u64 *table_at(struct table *table, struct key key, bool *is_new);
/* What stands there; 0 for a key that is not in it. */
u64 table_look(const struct table *table, struct key key);

#endif
