/* Shadow page tables: guest-virtual to host-physical, built on demand, for the guest's kernel and for its users.
 *
 * Cached, there is a shadow of each of the guest's own tables for each mode, found by the page that the table stands in.
 * Such a page is traced: the guest cannot write it without an exit, so that a shadow is never out of date, and a switch
 * of address space finds what was filled before. Not cached, there is one tree for each mode, by virtual address alone,
 * whose leaves are cleared at each flush.
 */
#ifndef T64_SHADOW_H
#define T64_SHADOW_H

#include "base/superpages.h"
#include "monitor/host/constants.h"
#include "monitor/host/host.h"
#include "monitor/shadow/reverse_map.h"

/* Enough for one instruction's fetch, its access and the window: whatever the other guests take, it can go on. */
enum { SHADOW_TABLES_MINIMUM = 12, SHADOW_MODES = 2 };
#define SHADOW_NONE LINK_NONE

/* What a shadow table stands for. */
enum shadow_kind {
    SHADOW_OF_TABLE,    /* the guest's table in `page` */
    SHADOW_OF_PAGES,    /* a large leaf of the guest, or paging that is off: the pages from `page` on, with `rights` */
    SHADOW_OF_NOTHING,  /* the guest has no table there: for the monitors' window */
    SHADOW_OF_ADDRESSES /* not cached: whatever the guest maps there */
};

struct shadow_table {
    u32 frame;   /* the host's, its own for good */
    u32 page;
    u32 next;    /* another one of the same page; or the next free one */
    u32 parents; /* links: the entries that lead here */
    u16 live;    /* entries that are not 0 */
    u8 kind, level, mode, rights;
    bool holds_window; /* on the way to the monitors' window: not to be met elsewhere */
};

/* Of a page of the guest: its shadows, if it is a table, and the leaves that map it. */
struct shadow_page {
    u32 tables, mappings;
};

struct shadow {
    struct t64_host *host;
    const struct t64_vm *vm; /* the guest's */
    bool cached;
    u32 roots[SHADOW_MODES]; /* tables for the guest's ptbr; SHADOW_NONE until needed */
    u32 window;              /* the frame at the window's page in kernel mode; FRAME_NONE without one */
    bool window_writable;
    u32 window_page; /* stands for a page number of that frame, behind those of the guest */
    struct shadow_table *tables;
    u32 capacity, taken, used, free_table; /* tables: most, with a frame, ever in use since all were cleared; list */
    struct links links;
    struct shadow_page *pages;
    struct superpages superpages; /* not cached: that leaves were filled from since the last flush */
    u32 cleared_page, cleared_stores; /* a page lately stored to, and how often to no effect */
};

/* A leaf to be: the page of gva becomes a frame's, with these rights (bits of an entry). */
struct shadow_leaf {
    t64_gva gva;
    u32 mode;
    u32 page;  /* of the guest */
    u32 frame; /* of the host */
    u64 rights;
    u32 level; /* of the guest's leaf */
};

/* What the guest's leaf allows in a shadow: with D clear no store, so that the first one comes to the monitor to set it. */
static inline u64 shadow_rights(u64 entry)
{
    u64 rights = entry & (PTE_R | PTE_W | PTE_X);
    return entry & PTE_D ? rights : rights & ~PTE_W;
}

/* Of a guest's tables. False without memory or frames. */
bool shadow_open(struct shadow *shadow, struct t64_host *host, const struct t64_vm *vm, bool cached);
void shadow_close(struct shadow *shadow);

/* The host frame of the root for a mode under the guest's ptbr, a new one if need be. */
u32 shadow_root(struct shadow *shadow, u32 mode);
/* That of the root if there is one, else FRAME_NONE. */
u32 shadow_known_root(const struct shadow *shadow, u32 mode);

/* Map a page that the guest's tables map there, not writable while it is traced. Others may be forgotten for it. */
void shadow_map(struct shadow *shadow, const struct shadow_leaf *leaf);

/* Take a frame of the monitor's for the window of the guest's kernel; false if there is none. */
bool shadow_open_window(struct shadow *shadow);
void shadow_map_window(struct shadow *shadow);
/* From now on the kernel may write it, or not. */
void shadow_let_window(struct shadow *shadow, bool writable);

/* Does the leaf of gva lead to that frame? */
bool shadow_maps(const struct shadow *shadow, u32 mode, t64_gva gva, u32 frame);

/* As the guest asks for: after a write of ptbr or a tlbi of all; after the tlbi of one page, which is that of its leaf. */
void shadow_flush(struct shadow *shadow);
void shadow_flush_page(struct shadow *shadow, t64_gva gva);
/* From outside: nothing is to be trusted; a page was written. */
void shadow_forget(struct shadow *shadow);
void shadow_memory_changed(struct shadow *shadow, u32 page);
/* Take away from each leaf that maps the page what is not in `rights`; with none left it goes. In one mode, or in both
 * where `mode` is SHADOW_MODES. */
void shadow_restrict(struct shadow *shadow, u32 page, u32 mode, u64 rights);

/* write_traces.c */

/* Is the page a table that is shadowed? */
static inline bool shadow_traces(const struct shadow *shadow, u32 page)
{
    return shadow->pages[page].tables != SHADOW_NONE;
}
/* Zap the shadows of a page: it is traced no more. */
void shadow_untrace(struct shadow *shadow, u32 page);
/* Does a mapping stay as it is? The rest of an entry is the guest's own business. */
static inline bool shadow_means_the_same(u64 old, u64 new)
{
    return (new & PTE_V) && !((old ^ new) & ~(u64)PTE_SOFTWARE);
}
/* A traced page is about to be stored to: false, and it is traced no more, if that is not worth an exit. */
bool shadow_keeps_tracing(struct shadow *shadow, t64_gpa entry_at, u64 old, u64 new);
/* An entry of a traced table was changed. */
void shadow_entry_changed(struct shadow *shadow, t64_gpa entry_at);

#endif
