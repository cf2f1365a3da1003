/* A paravirtual guest's page tables: which of its frames are tables, and that no entry gives it more than it may have.
 *
 * Every function that refuses returns a negated hypercall error and leaves the books as they were.
 */
#ifndef T64_TABLES_H
#define T64_TABLES_H

#include "monitor/guest/guest.h"

/* Is that host frame the guest's own? */
bool tables_owns(const struct t64_guest *guest, u64 frame);
/* The level-0 entry for gva under the kernel's root, whose tables are sound; NOWHERE where one is missing. In the
 * monitor's slot it is the monitor's. */
t64_hpa tables_find_entry(struct t64_guest *guest, t64_gva gva);

/* One more use of the guest's frame as one that is mapped writable, and one less. */
int tables_get_writable(struct t64_guest *guest, u64 frame);
void tables_put_writable(struct t64_guest *guest, u32 frame);

/* Each may give T64_STOP_WORK before it has done anything but take: the same is to be asked for again. Done, it may have left trees
 * to be let go. */
int tables_pin(struct t64_guest *guest, u64 frame, u64 level);
int tables_unpin(struct t64_guest *guest, u64 frame);
/* Write an entry of a table that is one. */
int tables_update(struct t64_guest *guest, t64_hpa at, u64 value);

/* Forget all types and pins. */
void tables_forget(struct t64_guest *guest);
/* Memory was written from outside: validate pinned tables and roots anew. False if some are not sound any more; those
 * are no tables then. */
bool tables_recheck(struct t64_guest *guest, u32 roots[2]);
/* After that: the grant maps whose entry was written over, or is in a table no more, end. */
void tables_recheck_maps(struct t64_guest *guest);

/* For trees.c. Entries of a table of that level that are the guest's; reserved bits, and forms that do not exist there. */
u32 tables_entries_in(u32 level);
bool tables_is_well_formed(u64 entry, u32 level);
/* All of a level-0 table, or nothing; and the first `count` of one let go. */
int tables_validate_leaves(struct t64_guest *guest, u32 table);
void tables_put_leaves(struct t64_guest *guest, u32 table, u32 count);
void tables_clear_monitor_slot(struct t64_guest *guest, u32 root);
void tables_note_work(struct t64_guest *guest, u32 level); /* of a whole table */

#endif
