/* Nested page tables: guest-physical to host-physical, filled where the guest first goes; 2 MiB at a time. */
#ifndef T64_NESTED_H
#define T64_NESTED_H

#include "monitor/host/host.h"

/* One instruction and the guest's tables that it needs touch no more places of the guest's memory than this. */
enum { NESTED_PLACES = 8, NESTED_TABLES_MINIMUM = 1 + 2 * NESTED_PLACES };

struct nested {
    struct t64_host *host;
    const u32 *frames; /* the guest's memory */
    u32 pages;
    u32 *tables; /* frames that are its own, the root first, the first `used` of them in use */
    u32 capacity, taken, used;
};

/* False without memory or frames. */
bool nested_open(struct nested *nested, struct t64_host *host, const u32 *frames, u32 pages);
void nested_close(struct nested *nested);
u32 nested_root(const struct nested *nested);
/* Map what lies around gpa, which the guest has. Other places may be forgotten for it. */
void nested_fill(struct nested *nested, t64_gpa gpa);
/* Forget everything, in the hardware's cache too: pages have got other frames. */
void nested_flush(struct nested *nested);

#endif
