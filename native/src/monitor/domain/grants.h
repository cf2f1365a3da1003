/* Grants: frames that a domain lets another one map, and those that it maps of others. After Xen's grant tables.
 *
 * A map is one level-0 entry of the mapper's own tables; no other entry may name a foreign frame. It ends when the entry
 * is written over, its table is let go, or its domain dies. A frame outlives its owner while it is mapped.
 */
#ifndef T64_GRANTS_H
#define T64_GRANTS_H

#include "monitor/host/frames.h"

struct t64_guest;

struct grant {
    u64 domain; /* 0: none here */
    u32 frame;
    u32 maps;
    bool writable;
};

struct grant_map {
    u64 granter; /* its id; it may be gone */
    u32 reference;
    u32 frame;
    t64_hpa entry;
    bool used, writable;
};

/* Map `reference` of the granter by the entry at that place of a valid level-0 table, which is not valid yet. 0 or a
 * negated hypercall error. */
int grants_map(struct t64_guest *guest, struct t64_guest *granter, u64 reference, t64_hpa entry, bool writable);
/* The map that the entry there is, or NULL. */
struct grant_map *grants_find(struct t64_guest *guest, t64_hpa entry);
/* The entry there is one no more. */
void grants_release(struct t64_guest *guest, t64_hpa entry);

/* Free a reference that nobody maps. */
void grants_end(struct t64_guest *guest, struct grant *grant);

/* The domain dies or starts anew: release its maps, take back its grants; others' maps of them last. */
void grants_leave(struct t64_guest *guest);
/* Does another domain map a frame of its own? */
bool grants_are_mapped(const struct t64_guest *guest);

#endif
