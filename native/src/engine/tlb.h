/* Soft TLBs: direct-mapped, apart for loads, stores and fetches and for kernel and user mode. */
#ifndef T64_TLB_H
#define T64_TLB_H

#include "base/superpages.h"
#include "engine/extent.h"

enum { TLB_SIZE = 256, TLB_FILLED_MAX = 64 };

/* Bit 11 is in no page address and in no alignment mask: it matches nothing. */
#define TLB_NONE ((u64)1 << 11)

struct tlb_data {
    u64 tag;    /* gva of the page */
    u64 addend; /* address in this process minus gva */
};

struct tlb_fetch {
    u64 tag;
    struct code_page *page;
};

struct tlb {
    struct tlb_data load[TLB_SIZE], store[TLB_SIZE];
    struct tlb_fetch fetch[TLB_SIZE];
};

struct tlbs {
    struct tlb mode[2];
    struct extents extents[2][EXTENT_USES]; /* by mode and uses */
    struct superpages superpages; /* translated since the last flush */
    u64 epoch;   /* changes when translations are forgotten, or a page is no longer to be stored to */
    u64 *epochs; /* the last one of all engines with the same predecoded code */
    u64 *filled[TLB_FILLED_MAX]; /* the tags set since the last flush, so that a flush costs what was filled */
    u32 filled_count;            /* beyond the maximum: too many to list */
    struct tlbs *next;           /* of an engine with the same predecoded code */
};

static inline u32 tlb_slot(u64 gva) { return (u32)(gva >> 12) % TLB_SIZE; }

/* An access of `size` bytes hits if its address, but for the offset in the page, is the tag; a misaligned one never does. */
static inline u64 tlb_key(u64 gva, u64 size) { return gva & (~(u64)4095 | (size - 1)); }

/* Forget extents, and what was made of them. */
void tlb_begin_epoch(struct tlbs *tlbs);
/* Those for a set of uses, in this epoch. */
struct extents *tlb_extents(struct tlbs *tlbs, u32 mode, u32 uses);
void tlb_clear(struct tlbs *tlbs);
void tlb_flush(struct tlbs *tlbs);
/* A page, with all that a large leaf around it translates. */
void tlb_flush_page(struct tlbs *tlbs, t64_gva page);
void tlb_fill(struct tlbs *tlbs, u64 *tag, u64 page);
/* A page of RAM holds code now: no store may pass by unseen, on any engine of the list. */
void tlb_protect(struct tlbs *tlbs, const u8 *page);
/* An array of code goes to another frame: no engine of the list may run it for the old one. */
void tlb_drop_code(struct tlbs *tlbs, const struct code_page *page);

#endif
