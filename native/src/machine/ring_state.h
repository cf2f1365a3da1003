/* The rings of one computer, as the devices know them: what a monitor has taken from them and owes. */
#ifndef T64_RINGS_H
#define T64_RINGS_H

#include "base/instant.h"
#include "base/types.h"
#include "hypercalls.h"

/* All members are u64, so that a snapshot can take them as they are. */
struct t64_disk_ring {
    u64 open, page;      /* guest-physical address of its page, while open */
    u64 taken, answered; /* requests copied, responses written */
    u64 ready;           /* when the oldest request that was taken is done, while there is one */
    u64 raised;          /* its interrupt was not acknowledged yet */
    struct t64_disk_request_record requests[DISK_SLOTS];
};

struct t64_console_ring {
    u64 open, page;
    u64 in_prod, out_cons;
};

/* How far a hypercall got that was stopped: for the console, or to let others have their turn. It goes on from there, before
 * anything else can happen to its guest. */
struct t64_call_progress {
    u64 pc, retired; /* of that instruction: progress is its own alone */
    u64 word;        /* the instruction, while it is under way; else 0 */
    u64 done;        /* bytes or records */
    u64 stage;       /* 1: what it does is done, but for what is to be let go, or looked at, after it */
    u64 calls;       /* of a multicall, those made */
    u64 nested;      /* 1: `call` is one of its calls, under way; `done` and `stage` are of that */
    struct t64_multicall_record call;
};

struct t64_rings {
    struct t64_disk_ring disk;
    struct t64_console_ring console;
    struct t64_call_progress progress;
};

static inline bool disk_ring_works(const struct t64_disk_ring *ring) { return ring->taken != ring->answered; }
static inline struct t64_instant disk_ring_next(const struct t64_disk_ring *ring)
{
    return disk_ring_works(ring) ? instant_at(ring->ready) : T64_NEVER;
}

#endif
