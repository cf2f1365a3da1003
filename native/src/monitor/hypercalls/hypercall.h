/* Hypercalls as the techniques know them: a paravirtual guest has all of them, an unmodified one those it is offered. */
#ifndef T64_HYPERCALL_H
#define T64_HYPERCALL_H

#include "monitor/guest/guest.h"

/* The handler of the exit. */
int hypercall_serve(struct t64_guest *guest);

/* Is hcall there for an unmodified kernel? Then `info` says so. */
static inline bool hypercalls_are_offered(const struct t64_guest *guest)
{
    return guest->vm.options & T64_OPTION_HYPERCALLS;
}

/* Is this illegal word an hcall that the guest, in its kernel mode, may make? */
static inline bool is_hypercall(const struct t64_guest *guest, u32 word)
{
    return word_is_hcall(word) && !vm_in_user_mode(&guest->vm);
}

/* Of a technique whose guests have hypercalls. */
extern const struct guest_hypercalls guest_hypercalls;

#endif
