/* A modelled TLB: a computer's own, of a stated size, of which nothing but its misses and their walks is of interest.
 *
 * It is no cache of anything: engines translate as ever, and tell it of each access that was made. So its counts are the same
 * on every engine and under every monitor where the guest's accesses are.
 */
#ifndef T64_MODELLED_TLB_H
#define T64_MODELLED_TLB_H

#include "base/phys.h"
#include "base/public.h"
#include "isa/walk.h"
#include "isa.h"

struct t64_vm;

struct modelled_entry {
    u64 tag;    /* the first address that its leaf translates, and in the low bits the leaf's level */
    u64 rights; /* of the leaf: R W X U D; 0: the entry is empty */
    u64 used;   /* when last */
};

struct modelled_tlb {
    const struct t64_vm *vm; /* whose it is */
    bool direct; /* its tables name the machine's frames, and the machine walks them */
    u32 sets, ways;
    u64 clock; /* accesses */
    u64 levels[PAGE_LEVELS]; /* entries ever filled since the last flush, by the leaf's level: what is 0 need not be looked for */
    t64_tlb_counts counts;
    struct modelled_entry entries[]; /* set by set */
};

/* How the computer's accesses are translated as it stands now: its own tables, and what they lie in. */
struct modelled_view {
    const struct t64_phys *phys;
    u64 ptbr;
    bool user;
    const struct t64_phys *nested_phys; /* NULL: one dimension; else where the nested tables lie */
    u64 nested_root;                    /* as a ptbr */
};

/* An access was made, and its leaf marked. */
void modelled_access(struct modelled_tlb *tlb, const struct modelled_view *view, t64_gva gva, enum t64_access access);

/* As a write to ptbr, and as tlbi. NULL: there is no model. */
void modelled_flush(struct modelled_tlb *tlb);
void modelled_flush_page(struct modelled_tlb *tlb, t64_gva page);

#endif
