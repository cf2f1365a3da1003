/* Superpages: where translations by large leaves were kept, so that to forget one page forgets such a leaf whole.
 *
 * One naturally aligned range that holds them all: as QEMU's, exact for kernels that have theirs in one place, and never too small.
 */
#ifndef T64_SUPERPAGES_H
#define T64_SUPERPAGES_H

#include "base/types.h"

struct superpages {
    u64 at, mask; /* the addresses that equal `at` under `mask` */
};

static inline void superpages_clear(struct superpages *superpages) { *superpages = (struct superpages){.at = 1}; }

static inline bool superpages_hold(const struct superpages *superpages, t64_gva gva)
{
    return (gva.at & superpages->mask) == superpages->at;
}

/* A translation of gva by a leaf of that level is kept; of level 0, the smallest, nothing need be known. */
static inline void superpages_keep(struct superpages *superpages, t64_gva gva, u32 level)
{
    if (!level)
        return;
    bool is_first = superpages->at == 1;
    u64 mask = ~(((u64)4096 << 9 * level) - 1);
    mask &= is_first ? mask : superpages->mask;
    while (!is_first && (superpages->at ^ gva.at) & mask)
        mask <<= 1;
    *superpages = (struct superpages){gva.at & mask, mask};
}

#endif
