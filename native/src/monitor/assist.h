/* The technique `assist`: what its files share. */
#ifndef T64_ASSIST_H
#define T64_ASSIST_H

#include "guest.h"
#include "guest_mode.h"
#include "nested.h"

struct assist {
    struct guest_area area;
    struct nested nested;
};

/* Does the hardware walk nested tables, or shadows? */
static inline bool assist_is_nested(const struct t64_guest *guest) { return guest->assist->area.nested; }

/* What was cached of the guest's own translations is not to be trusted. */
void assist_forget(struct t64_guest *guest);

/* On the next entry the guest's kernel gets this trap: an outcome. */
int assist_inject(struct t64_guest *guest, u64 cause, u64 tval);

#endif
