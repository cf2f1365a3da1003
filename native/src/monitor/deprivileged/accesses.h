/* Accesses that the monitor makes in a guest's place, where the hardware could not. */
#ifndef T64_ACCESSES_H
#define T64_ACCESSES_H

#include "monitor/guest/guest.h"

/* The guest's instruction at its pc, as its own tables have it; INSN_ILLEGAL where they do not. */
struct t64_decoded guest_instruction(struct t64_guest *guest);

/* Bytes that a load or store moves; 0 if it is neither. */
u32 access_size(struct t64_decoded in);
bool access_stores(struct t64_decoded in);

/* The address that a load or store names, with the hardware's registers. */
static inline t64_gva access_target(struct t64_guest *guest, struct t64_decoded in)
{
    return (t64_gva){hardware_state(guest)->x[in.rs1] + (u64)(i64)in.imm};
}

/* A load or store of the guest's, with the hardware's registers: where it goes. */
struct access {
    t64_gva gva;
    struct t64_walk found;
    u64 cause; /* of the exception that it raises; 0 for none */
};
void access_find(struct t64_guest *guest, struct t64_decoded in, struct access *access);
/* Make one that raises nothing. An outcome. */
int access_make(struct t64_guest *guest, struct t64_decoded in, const struct access *access);
/* Make it, or raise its exception. */
int access_try(struct t64_guest *guest, struct t64_decoded in);

#endif
