/* Watching: each access of the guest's, as it is executed, told to its modelled TLB. */
#ifndef T64_WATCHING_H
#define T64_WATCHING_H

#include "engine/code/entry_kinds.h"
#include "engine/engine.h"

/* Is an entry of this kind an instruction, so that to go there is a fetch? */
static inline bool is_fetched(u8 kind) { return kind != KIND_UNDECODED && kind != KIND_PAGE_END; }

/* The hardware's vm has a modelled TLB, and the access was made. */
void watch_access(struct t64_cpu *cpu, t64_gva gva, enum t64_access access);

#endif
