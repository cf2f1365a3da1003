/* A paravirtual guest's page tables: which of its frames are tables, and that no entry gives it more than it may have.
 *
 * Every function that refuses returns a negated hypercall error and leaves the books as they were.
 */
#ifndef T64_TABLES_H
#define T64_TABLES_H

#include "guest.h"

/* Is that host frame the guest's own? */
bool tables_owns(const struct t64_guest *guest, u64 frame);
/* The level-0 entry for gva under the kernel's root, whose tables are sound; NOWHERE where one is missing. In the
 * monitor's slot it is the monitor's. */
t64_hpa tables_find_entry(struct t64_guest *guest, t64_gva gva);

/* One more use of the guest's frame as this type; the first one as a table validates it and all below it. */
int tables_get(struct t64_guest *guest, u64 frame, enum frame_type type);
/* One use less; the last one lets go of all below it. */
void tables_put(struct t64_guest *guest, u32 frame);

int tables_pin(struct t64_guest *guest, u64 frame, u64 level);
int tables_unpin(struct t64_guest *guest, u64 frame);

/* Write an entry of a table that is one. */
int tables_update(struct t64_guest *guest, t64_hpa at, u64 value);

/* Forget all types and pins. */
void tables_forget(struct t64_guest *guest);
/* Memory was written from outside: validate pinned tables and roots anew. False if some are not sound any more; those
 * are no tables then. */
bool tables_recheck(struct t64_guest *guest, u32 roots[2]);

#endif
