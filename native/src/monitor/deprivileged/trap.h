/* The technique `trap`: what its files share. */
#ifndef T64_TRAP_H
#define T64_TRAP_H

#include "monitor/guest/guest.h"

/* The techniques of this room, in trap_exits.c, hybrid.c and custom.c. */
extern const struct technique technique_trap, technique_hybrid, technique_custom;

/* What the monitors share that run a guest, or its user mode, in the same way. */
bool trap_open(struct t64_guest *guest);
void trap_close(struct t64_guest *guest);
int trap_boot(struct t64_guest *guest, u64 entry);
void trap_state_changed(struct t64_guest *guest);
void trap_memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size);
void trap_nothing(struct t64_guest *guest); /* to do when a run begins or ends */
u32 trap_root(struct t64_guest *guest, u32 mode);
void trap_deliver_interrupt(struct t64_guest *guest); /* if one is due */
int trap_settle(struct t64_guest *guest);
int trap_go_on(struct t64_guest *guest);              /* with the guest's mode and pc on the hardware */
int trap_set_hardware(struct t64_guest *guest, struct t64_instant alarm); /* the same, to be interrupted then */
struct t64_instant trap_next_interrupt(struct t64_guest *guest);
int trap_resume(struct t64_guest *guest);
extern u32 (*const trap_reasons[])(struct t64_guest *guest);
extern int (*const trap_handlers[])(struct t64_guest *guest);

static inline u32 trap_mode(const struct t64_guest *guest) { return vm_in_user_mode(&guest->vm); }

/* Give the guest's kernel this trap; the one that exited. */
int trap_raise(struct t64_guest *guest, u64 cause, u64 tval);
int trap_reflect(struct t64_guest *guest);

/* The outcome after what may have zapped the root. */
int trap_back(struct t64_guest *guest);

/* A privileged or critical instruction on the vCPU, with the registers where the hardware has them; the one that exited. */
int trap_perform(struct t64_guest *guest, struct t64_decoded in);
int trap_emulate(struct t64_guest *guest);
int trap_let_settle(struct t64_guest *guest);
int trap_spin(struct t64_guest *guest);

/* An illegal word: a hypercall, where those are offered. */
u32 trap_illegal_reason(struct t64_guest *guest);

/* A page fault of the hardware: whose it is, as an exit reason; and the handler where it is the shadow's. */
u32 trap_page_fault_reason(struct t64_guest *guest);
u32 trap_wanted_rights(const struct t64_guest *guest); /* of the access that faulted */
int trap_fill_shadow(struct t64_guest *guest);
/* The same, but the page becomes that frame's, with those rights at most. */
int trap_fill_shadow_as(struct t64_guest *guest, u32 frame, u64 rights);
int trap_make_store(struct t64_guest *guest); /* into a traced page */

#endif
