/* Page walks: gva to gpa through a computer's own tables, as isa/paging.py has it. */
#ifndef T64_WALK_H
#define T64_WALK_H

#include "base/phys.h"

/* What an access wants; the values are the rights' bits in an entry and, shifted down by one, in `probe`. */
enum t64_access { ACCESS_LOAD = 2, ACCESS_STORE = 4, ACCESS_FETCH = 8 };

enum t64_walk_result {
    WALK_OK, WALK_PAGE_FAULT, WALK_ACCESS_FAULT,
    WALK_NESTED_FAULT, /* in guest mode: nested tables lack what the walk, or the access after it, needs */
};

struct t64_walk {
    enum t64_walk_result result;
    t64_gpa gpa;      /* of the byte asked for */
    t64_gpa entry_at; /* where the leaf stands; T64_NOWHERE while paging is off */
    u64 entry;        /* the leaf, as it was found (A and D as before this access) */
    u32 level;        /* of the leaf: 0 maps 4 KiB, 1 2 MiB, 2 1 GiB; 0 while paging is off */
};

/* Walk for one access with all `rights` (a sum of t64_access; 0 asks whether it is mapped for the mode at all). Sets nothing. */
struct t64_walk walk(const struct t64_phys *phys, u64 ptbr, t64_gva gva, u32 rights, bool user);
/* The same, for those who keep it: a copy of what was just written would wait for the stores. */
void walk_to(struct t64_walk *found, const struct t64_phys *phys, u64 ptbr, t64_gva gva, u32 rights, bool user);

/* A, and D for a store, that the leaf of a successful walk lacks for this access; 0 if it has them. */
u64 walk_marks(const struct t64_walk *found, u32 rights);

#endif
