/* Extents: pages in a row that one displacement translates, made of what the soft TLB has held.
 *
 * A translation holds until it is told to be forgotten, or its page becomes one of code that no store may reach unseen. Until
 * then, which is an epoch, an extent holds too: that the TLB meanwhile gave an entry to another page says nothing about this one.
 */
#ifndef T64_EXTENT_H
#define T64_EXTENT_H

#include "base/types.h"

struct tlb;

enum { EXTENTS = 8 };
enum extent_use { EXTENT_LOAD = 1, EXTENT_STORE = 2, EXTENT_USES = 3 }; /* a set of them */

struct extent {
    u64 gva, size; /* of pages; 0: there is none */
    u64 addend;    /* as in the TLB */
};

/* Of one mode and one set of uses. */
struct extents {
    u64 epoch; /* in which they were made */
    u32 count;
    struct extent of[EXTENTS]; /* the first `count` of them */
};

/* The one that holds all these bytes, or NULL. */
const struct extent *extent_find(const struct extents *extents, u64 gva, u64 bytes);
/* One that holds the page of gva, if the TLB has that, with all that follows and precedes it there. Else NULL. */
const struct extent *extent_make(struct extents *extents, const struct tlb *tlb, u32 uses, u64 gva);

#endif
