/* Frames: the pages of the host's RAM, who has each, and for a paravirtual guest what it is in use as. */
#ifndef T64_FRAMES_H
#define T64_FRAMES_H

#include <assert.h>

#include "base/types.h"

enum { FRAME_SIZE = 4096, FRAME_SHIFT = 12, FRAME_RUN = 512 /* what one entry of level 1 maps */ };
#define FRAME_NONE (~(u32)0)

/* Owners: nobody, the monitor, and one number from FRAME_GUEST on for each guest that ever was. A guest that is gone
 * leaves orphans, its frames that others still map. */
enum { FRAME_FREE, FRAME_MONITOR, FRAME_GUEST };
#define FRAME_ORPHAN (~(u32)0)

/* What uses a guest's frame now. The types exclude one another: that keeps page tables out of the guest's stores. */
enum frame_type {
    FRAME_LEVEL0, /* a page table of that level; the numbers are the levels */
    FRAME_LEVEL1,
    FRAME_LEVEL2,
    FRAME_WRITABLE, /* mapped writable */
    FRAME_UNTYPED,  /* neither; then and only then `count` is 0 */
};

struct frame {
    u64 count;    /* uses of that type: entries, roots, pins */
    u64 mappings; /* leaves of its owner that map it, with whatever rights */
    u32 owner;
    u32 page; /* a guest's: its page number there; free: the next free one */
    u32 grants;          /* of its owner's, that name it */
    u32 maps;            /* of other domains, by grant... */
    u32 writable_maps;   /* ...and those of them that may write */
    u8 type;
    u8 pinned;   /* one of the uses is the guest's wish: 1 + level, else 0 */
    bool listed; /* in the free list */
    bool soiled; /* held something once: clear it before it is handed out */
};

struct frames {
    struct frame *all;
    u8 *ram;
    u32 total, free, monitor; /* how many there are, nobody has, the monitor has */
    u32 *served;              /* of those last, the count of the guest that is served now; NULL: of nobody */
    u32 fresh;                /* this many of the scattered order were handed out for the first time */
    u32 stride;               /* of the scattered order, coprime to total */
    u32 first_free;           /* of those given back */
    u32 run;                  /* the run that was looked at last */
};

/* False without memory. */
bool frames_open(struct frames *frames, u8 *ram, u32 total);
void frames_close(struct frames *frames);

/* Hand out a frame full of zeros; neighbours are never handed out in a row. FRAME_NONE if none is left. */
u32 frames_take(struct frames *frames, u32 owner, u32 page);
/* Hand out FRAME_RUN of them in a row, from a multiple of that on, to hold the pages from `page` on: the number of the first, or
 * FRAME_NONE where no such run is free. */
u32 frames_take_run(struct frames *frames, u32 owner, u32 page);
/* Hand out that very frame, which must be free. */
void frames_claim(struct frames *frames, u32 number, u32 owner, u32 page);
void frames_give_back(struct frames *frames, u32 number);

/* The owner goes. True, and it stays as nobody's, if others map it still. */
bool frames_orphan(struct frames *frames, u32 number);

/* To be read. What is written goes through host_store... */
static inline const u8 *frames_bytes(const struct frames *frames, u32 number)
{
    return frames->ram + ((u64)number << FRAME_SHIFT);
}

/* ...but for the monitor's own tables, and the pages that it shares with a guest: nothing that is decoded, traced or shadowed is ever
 * there, and whoever writes entries flushes what the hardware remembers of them. */
static inline u64 *frames_own(const struct frames *frames, u32 number)
{
    assert(frames->all[number].owner == FRAME_MONITOR);
    return (u64 *)(void *)(frames->ram + ((u64)number << FRAME_SHIFT));
}

static inline t64_hpa frame_address(u32 number) { return (t64_hpa){(u64)number << FRAME_SHIFT}; }

#endif
