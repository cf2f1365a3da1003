/* Marks: the bits A and D, which the hardware sets in the leaf of a walk. */
#ifndef T64_MARKS_H
#define T64_MARKS_H

#include "engine/engine.h"

void mark_entry(struct t64_cpu *cpu, const struct t64_walk *found, u64 marks);

#endif
