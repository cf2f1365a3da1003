/* The second dimension: from guest-physical to host-physical through nested tables, and a cache of that. */
#ifndef T64_GUEST_WALK_H
#define T64_GUEST_WALK_H

#include "walk.h"

enum { NESTED_CACHE_SIZE = 128 };

struct nested_entry {
    u64 page;   /* guest-physical; bit 0 set: none */
    u64 frame;  /* host-physical */
    u64 rights; /* of the leaf; W only if its D is set */
};

struct nested_cache {
    struct nested_entry entries[NESTED_CACHE_SIZE];
    bool filled;
};

struct t64_cpu;

void nested_clear(struct nested_cache *cache);

/* Translate for one access of the guest, in one or two dimensions: as walk(), with gpa and entry_at where they lie in the
 * machine's RAM. Sets A and D in nested entries alone. After WALK_NESTED_FAULT the exit record has its gpa and access. */
struct t64_walk guest_walk(struct t64_cpu *cpu, t64_gva gva, u32 rights);

/* The guest-physical address that probe finds with these rights; NOWHERE if none. False: only the monitor can tell. */
bool guest_probe(struct t64_cpu *cpu, t64_gva gva, u64 rights, u64 *gpa);

#endif
