/* A world: a host with a few guests, and what is asked of it after each action. */
#ifndef T64_WORLDS_WORLD_H
#define T64_WORLDS_WORLD_H

#include "monitor/domain/domain.h"
#include "monitor/guest/guest.h"

enum { GUESTS_MAXIMUM = 4 };

struct world {
    struct t64_host *host;
    struct t64_vm *guests[GUESTS_MAXIMUM];
    u32 guest_count;
};

/* Has it not ended? */
static inline bool lives(const struct world *world, const struct t64_vm *vm)
{
    const struct t64_guest *guest = world->host->guests;
    while (guest && &guest->vm != vm)
        guest = guest->next;
    return guest;
}

/* Write zeros, or what it is worth now, to what no run reads any more: counts, registers between actions, entries of TLBs without a
 * translation. The next action begins at count 0. */
void scrub(struct world *world);

/* What is wrong with the world, in a sentence; NULL: nothing. */
const char *audit(const struct world *world);
const char *audit_shadow(const struct t64_guest *guest);

/* Is it the frame of a page that the guest must not store to without an exit? */
bool is_guarded(const struct t64_guest *guest, u64 number);

#endif
