/* A stopwatch: how long the host is at what is not the execution of a guest's instructions. Turned on for a run whose time is to be
 * explained, and not there otherwise.
 *
 * A lap begins where the dispatch loop is left, or asks for what its soft TLBs do not have, and ends where it goes on. It is the exit's
 * that came up in it. One at a time: what begins within a lap is part of it.
 */
#ifndef T64_STOPWATCH_H
#define T64_STOPWATCH_H

#include "base/public.h"
#include "base/types.h"

struct stopwatch {
    bool runs;
    u32 kind; /* enum t64_lap, of the lap that runs */
    u64 since;   /* a stamp of the host's, as what follows is */
    u64 own;     /* what a lap takes in which nothing is done */
    u64 longest; /* a longer one is the host's, which did something else */
    double nanoseconds; /* a stamp's */
    double overhead;    /* nanoseconds that a lap adds to a run */
    u64 number[T64_LAP_COUNT], kept[T64_LAP_COUNT], stamps[T64_LAP_COUNT];
};

void stopwatch_start(struct stopwatch *watch, u32 kind);
void stopwatch_stop(struct stopwatch *watch);

/* Where one may be there: a lap of that kind begins, unless one runs. Did it? */
static inline bool lap_begins(struct stopwatch *watch, u32 kind)
{
    if (T64_LIKELY(!watch) || watch->runs)
        return false;
    stopwatch_start(watch, kind);
    return true;
}

static inline void lap_ends(struct stopwatch *watch)
{
    if (T64_UNLIKELY(watch != NULL) && watch->runs)
        stopwatch_stop(watch);
}

#endif
