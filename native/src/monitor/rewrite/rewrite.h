/* The technique `rewrite`: what its files share. */
#ifndef T64_REWRITE_H
#define T64_REWRITE_H

#include "monitor/deprivileged/trap.h"
#include "monitor/rewrite/rewriting.h"
#include "monitor/rings/rings.h"

/* Rows of the technique. */
bool rewrite_open(struct t64_guest *guest);
void rewrite_close(struct t64_guest *guest);
int rewrite_boot(struct t64_guest *guest, u64 entry);
void rewrite_enter(struct t64_guest *guest);
int rewrite_settle(struct t64_guest *guest);
int rewrite_resume(struct t64_guest *guest);
void rewrite_forget(struct t64_guest *guest); /* all that is known of its code and tables */
void rewrite_memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size);
void rewrite_stored(struct t64_guest *guest, t64_gpa gpa);

static inline bool rewrite_in_kernel(const struct t64_guest *guest) { return !vm_in_user_mode(&guest->vm); }

/* The vCPU, for a handler to work on, or for the host to see: until it is pushed again its page is out of date. Users
 * cannot reach that. */
void rewrite_take_vcpu(struct t64_guest *guest);
void rewrite_push_vcpu(struct t64_guest *guest);

/* When kernel code has to be interrupted: at the next change of ipend, which the page shows whatever is let in. */
struct t64_instant rewrite_next_alarm(struct t64_guest *guest);

/* rewrite_exits.c */
extern const struct technique technique_rewrite;

#endif
