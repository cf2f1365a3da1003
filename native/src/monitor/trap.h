/* The technique `trap`: what its files share. */
#ifndef T64_TRAP_H
#define T64_TRAP_H

#include "guest.h"

static inline u32 trap_mode(const struct t64_guest *guest) { return vm_in_user_mode(&guest->vm); }

/* Give the guest's kernel this trap. */
int trap_raise(struct t64_guest *guest, u64 cause, u64 tval);

/* A page fault of the hardware: whose it is, as an exit reason; and the handler where it is the shadow's. */
u32 trap_page_fault_reason(struct t64_guest *guest);
int trap_fill_shadow(struct t64_guest *guest);

#endif
