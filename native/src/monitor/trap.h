/* The technique `trap`: what its files share. */
#ifndef T64_TRAP_H
#define T64_TRAP_H

#include "guest.h"

/* What the hybrid monitor shares, which runs a guest's user mode in the same way. */
bool trap_open(struct t64_guest *guest);
void trap_close(struct t64_guest *guest);
void trap_nothing(struct t64_guest *guest); /* to do when a run begins or ends */
u32 trap_root(struct t64_guest *guest, u32 mode);
void trap_deliver_interrupt(struct t64_guest *guest); /* if one is due */
int trap_go_on(struct t64_guest *guest);              /* with the guest's mode and pc on the hardware */
int trap_resume(struct t64_guest *guest);
extern u32 (*const trap_reasons[])(struct t64_guest *guest);
extern int (*const trap_handlers[])(struct t64_guest *guest);

static inline u32 trap_mode(const struct t64_guest *guest) { return vm_in_user_mode(&guest->vm); }

/* Give the guest's kernel this trap. */
int trap_raise(struct t64_guest *guest, u64 cause, u64 tval);

/* A page fault of the hardware: whose it is, as an exit reason; and the handler where it is the shadow's. */
u32 trap_page_fault_reason(struct t64_guest *guest);
int trap_fill_shadow(struct t64_guest *guest);
int trap_make_store(struct t64_guest *guest); /* into a traced page */

#endif
