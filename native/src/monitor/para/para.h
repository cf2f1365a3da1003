/* The technique `para`: what its files share. It acts on a domain, and has its hypercalls served; all that those change lies below
 * them, in domain/. */
#ifndef T64_PARA_H
#define T64_PARA_H

#include "monitor/domain/direct_paging.h"
#include "monitor/domain/domain.h"

/* Life, and what runs begin, settle and end with: rows of the technique. */
bool para_open(struct t64_guest *guest);
void para_close(struct t64_guest *guest);
void para_state_changed(struct t64_guest *guest);
void para_memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size);
void para_enter(struct t64_guest *guest);
void para_leave(struct t64_guest *guest);
int para_settle(struct t64_guest *guest);
int para_resume(struct t64_guest *guest);
u32 para_root(struct t64_guest *guest, u32 mode);
u64 para_translate(struct t64_guest *guest, t64_gva gva, u32 rights);
struct t64_instant para_next_event(struct t64_guest *guest);
u64 para_pending(struct t64_guest *guest);
void para_abandon(struct t64_guest *guest);

/* Write the tables that map the shared page. */
void para_build_window(struct t64_guest *guest);

/* Deliver a trap to the guest's handler: an outcome. */
int para_raise(struct t64_guest *guest, u64 cause, u64 tval);
int para_reflect(struct t64_guest *guest); /* the one that exited */

/* builder.c: t64_vm_boot's. */
int para_boot(struct t64_guest *guest, u64 entry);

/* para_snapshot.c: snapshots. */
u64 para_save_size(struct t64_guest *guest);
void para_save(struct t64_guest *guest, u8 *buffer);
int para_prepare_load(struct t64_guest *guest, const u8 *buffer);
void para_load(struct t64_guest *guest, const u8 *buffer);

/* para_exits.c */
extern const struct technique technique_para;

#endif
