/* The back end of a guest's rings: moves what they ask for, between its memory and its own disk and console. */
#ifndef T64_MONITOR_RINGS_H
#define T64_MONITOR_RINGS_H

#include "monitor/guest/guest.h"

/* Use the page at gpa, T64_NOWHERE for none, as that ring. 0 or a negated hypercall error. */
int rings_set_up(struct t64_guest *guest, u64 ring, u64 gpa);
/* Forget all of them. */
void rings_close(struct t64_guest *guest);
/* Their pages, of a paravirtual guest, count as writable again; one that cannot be is a ring no more. */
void rings_recheck(struct t64_guest *guest);
/* The host frame of an open ring's page, or FRAME_NONE. */
u32 rings_frame(const struct t64_guest *guest, u64 ring);

/* The disk's: take its requests, and do what is due by now. A negated hypercall error where the counts make no sense. */
int disk_ring_look(struct t64_guest *guest, u64 now);
bool disk_ring_is_due(const struct t64_guest *guest, u64 now);
/* At least one request that is due, and as many as the host's allowance lasts for. False: more are due. */
bool disk_ring_advance(struct t64_guest *guest, u64 now);
/* The console's: a call_stopped result where the host has its part to do first. */
int console_ring_look(struct t64_guest *guest);

/* The nearer of two instants: the next thing that the disk's ring does, and `event`. */
struct t64_instant rings_next(const struct t64_guest *guest, struct t64_instant event);

#endif
