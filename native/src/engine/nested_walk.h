/* The second dimension: from guest-physical to host-physical through nested tables, and a cache of that. */
#ifndef T64_GUEST_WALK_H
#define T64_GUEST_WALK_H

#include "isa/walk.h"

enum { NESTED_CACHE_SIZE = 128 };

struct nested_entry {
    u64 tag;   /* the guest-physical page, and in its low bits the rights of the leaf, W only if its D is set */
    u64 frame; /* host-physical */
};

struct nested_cache {
    struct nested_entry entries[NESTED_CACHE_SIZE];
    struct nested_entry last[3]; /* by level: of the table read last, without rights. It spares a load on the way from table to table */
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
