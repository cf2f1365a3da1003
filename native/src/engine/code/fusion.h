/* Which instructions run as a group. */
#ifndef T64_FUSION_H
#define T64_FUSION_H

#include "engine/code/code.h"
#include "fusions.h"

/* Does it compute a register, and go on behind itself? */
bool is_computing(u8 kind);
/* If the entry may have this register as its rs1, by exchanging operands, it has from now on: fewer groups then serve more code. */
void take_as_rs1(struct code_entry *entry, u8 number);
/* May a group go on behind an instruction of this kind? */
bool may_go_on(u8 kind);

/* The handler, as a number in `handlers`, for this entry and those behind it: that of the best group which they begin, or of the
 * entry's own kind. They are decoded to one behind the longest group that there may be. One that is counted or recompiled is in
 * no group but its own. */
u32 handler_of(const void *const *handlers, const struct code_page *page, const struct code_entry *entry);

/* Does the entry run as the head of a group? */
bool is_fused(const void *const *handlers, const struct code_entry *entry);

#endif
