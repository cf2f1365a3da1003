/* Links: the entries of shadow tables, in lists of those that lead to the same place, and found by where they stand. */
#ifndef T64_LINKS_H
#define T64_LINKS_H

#include "base/types.h"

#define LINK_NONE (~(u32)0)

struct link {
    u32 table, index;    /* the entry */
    u32 next, previous;  /* in its list; next in that of free ones */
    u32 next_in_bucket;
};

struct links {
    struct link *all;
    u32 *buckets; /* by place; as many as there are links */
    u32 capacity, used, taken, free;
};

/* For a guest of so many pages. False without memory. */
bool links_open(struct links *links, u32 pages);
void links_close(struct links *links);
/* Forget them all, but not the heads of their lists. */
void links_forget(struct links *links);

static inline u32 links_left(const struct links *links) { return links->capacity - links->taken; }
static inline const struct link *link_at(const struct links *links, u32 number) { return &links->all[number]; }

/* There must be one left; the entry must be in the list. */
void link_add(struct links *links, u32 *list, u32 table, u32 index);
void link_remove(struct links *links, u32 *list, u32 table, u32 index);

#endif
