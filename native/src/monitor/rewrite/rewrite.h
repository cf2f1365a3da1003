/* The technique `rewrite`: what its files share. */
#ifndef T64_REWRITE_H
#define T64_REWRITE_H

#include "monitor/deprivileged/trap.h"
#include "monitor/rewrite/rewriting.h"
#include "monitor/rings/rings.h"

static inline bool rewrite_in_kernel(const struct t64_guest *guest) { return !vm_in_user_mode(&guest->vm); }

/* The vCPU, for a handler to work on, or for the host to see: until it is pushed again its page is out of date. Users
 * cannot reach that. */
void rewrite_take_vcpu(struct t64_guest *guest);
void rewrite_push_vcpu(struct t64_guest *guest);

/* When kernel code has to be interrupted: at the next change of ipend, which the page shows whatever is let in. */
struct t64_instant rewrite_next_alarm(struct t64_guest *guest);

/* rewrite_exits.c */
extern u32 (*const rewrite_reasons[])(struct t64_guest *guest);
extern int (*const rewrite_handlers[])(struct t64_guest *guest);

#endif
