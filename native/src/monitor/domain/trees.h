/* Trees of page tables that are taken or let go table by table, so that the monitor can stop in between: see trees_go_on.
 *
 * A table on the way is a table already, with a use that nothing in the books stands for: neither the guest nor another
 * domain can make it anything else. Snapshots know nothing of this: pins and roots say what is taken, the call under way
 * how far it got, and what was taken for that alone is taken anew.
 */
#ifndef T64_TREES_H
#define T64_TREES_H

#include "monitor/host/constants.h"
#include "monitor/host/frames.h"

struct t64_guest;

/* A table above level 0, and the entries of it that are still to be gone through. */
struct tree_step {
    u32 table, next, end;
};

enum { TREES_LEAVING = 2 };

struct trees {
    struct tree_step path[PAGE_LEVELS - 1]; /* from the top down */
    u32 depth;                              /* 0: no tree is under way */
    bool taking;                            /* or letting go */
    int error;                              /* of the taking that is being undone */
    u32 leaving[TREES_LEAVING], leaving_count; /* trees to be let go, after that under way */
    bool root_taken;                        /* the first of two roots, which is `root` */
    u32 root;
};

/* One more use of the guest's frame as a table of that level: 0, a negated hypercall error, or T64_STOP_WORK: it is under way, and
 * to be asked for again. */
int trees_take(struct t64_guest *guest, u64 number, u32 level);
/* The same, not under way afterwards, whatever it costs: for what the host asks for. */
int trees_take_at_once(struct t64_guest *guest, u64 number, u32 level);
/* One use less, of a table: done by trees_go_on. */
void trees_leave(struct t64_guest *guest, u32 number);
/* Go on with all that is under way, as long as the host's allowance lasts. */
int trees_go_on(struct t64_guest *guest);
/* The host has come in between: undo what was taken, finish what is let go. */
void trees_abandon(struct t64_guest *guest);

static inline bool trees_are_under_way(const struct trees *trees)
{
    return trees->depth || trees->leaving_count || trees->root_taken;
}

#endif
