/* A guest's memory where hypercalls find arguments, as far as the guest reaches: a paravirtual one's by virtual address, an
 * unmodified one's by guest-physical address. */
#ifndef T64_REACH_H
#define T64_REACH_H

#include "monitor/guest/guest.h"

/* The host-physical address for an access under the root in use, A and D set as by it; NOWHERE if it faults. */
t64_hpa reach(struct t64_guest *guest, t64_gva gva, u32 rights);

/* Copy; false, and perhaps a part copied, if the guest itself could not. */
bool reach_read(struct t64_guest *guest, t64_gva gva, void *buffer, u64 size);
bool reach_write(struct t64_guest *guest, t64_gva gva, const void *buffer, u64 size);

/* May every byte of a range be accessed so? */
bool reach_allows(struct t64_guest *guest, t64_gva gva, u64 size, u32 rights);

#endif
