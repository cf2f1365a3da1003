/* Shadow page tables: guest-virtual to host-physical, built on demand; a root for its kernel, one for its users. */
#ifndef T64_SHADOW_H
#define T64_SHADOW_H

#include "host.h"

enum { SHADOW_TABLES_MINIMUM = 8, SHADOW_FILLED_MAX = 2048, SHADOW_ROOTS = 2 };

struct shadow {
    struct t64_host *host;
    u32 roots[SHADOW_ROOTS]; /* FRAME_NONE until needed; by mode */
    u32 *tables;             /* frames that are its own, the first `used` of them in use */
    u32 capacity, taken, used;
    t64_hpa *filled; /* leaves that may be valid, to be cleared by a flush... */
    u32 fills;       /* ...unless there are more than fit: then all tables are cleared */
};

/* For a guest of so many pages. False without memory or frames. */
bool shadow_open(struct shadow *shadow, struct t64_host *host, u32 pages);
void shadow_close(struct shadow *shadow);

/* The root for a mode, a new one if need be. */
u32 shadow_root(struct shadow *shadow, u32 mode);
/* Map the page of gva to a frame with these rights (bits of an entry). Other pages may be forgotten for it. */
void shadow_map(struct shadow *shadow, u32 mode, t64_gva gva, t64_hpa frame, u64 rights);
/* Forget everything, or one page, in both roots and in the hardware's cache. */
void shadow_flush(struct shadow *shadow);
void shadow_flush_page(struct shadow *shadow, t64_gva gva);

#endif
