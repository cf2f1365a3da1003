/* Instants: times of one computer at which something happens, if ever. */
#ifndef T64_INSTANT_H
#define T64_INSTANT_H

#include "base/public.h"
#include "base/types.h"

#define T64_NEVER ((struct t64_instant){.comes = false})

static inline struct t64_instant instant_at(u64 time) { return (struct t64_instant){.time = time, .comes = true}; }

static inline bool instant_is(struct t64_instant a, struct t64_instant b)
{
    return a.comes == b.comes && (!a.comes || a.time == b.time);
}

/* The nearer one: by distance, for time may start again from 0 before it. */
static inline struct t64_instant instant_nearer(struct t64_instant a, struct t64_instant b, u64 now)
{
    return !b.comes || (a.comes && a.time - now <= b.time - now) ? a : b;
}

#endif
