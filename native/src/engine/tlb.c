/* Filling and flushing the soft TLBs. */
#include "engine/tlb.h"

void tlb_begin_epoch(struct tlbs *tlbs) { tlbs->epoch = ++*tlbs->epochs; }

struct extents *tlb_extents(struct tlbs *tlbs, u32 mode, u32 uses)
{
    struct extents *extents = &tlbs->extents[mode][uses - 1];
    if (extents->epoch != tlbs->epoch) {
        extents->epoch = tlbs->epoch;
        extents->count = 0;
    }
    return extents;
}

void tlb_clear(struct tlbs *tlbs)
{
    for (u32 mode = 0; mode < 2; mode++)
        for (u32 slot = 0; slot < TLB_SIZE; slot++) {
            struct tlb *tlb = &tlbs->mode[mode];
            tlb->load[slot].tag = tlb->store[slot].tag = tlb->fetch[slot].tag = TLB_NONE;
        }
    tlbs->filled_count = 0;
    superpages_clear(&tlbs->superpages);
}

void tlb_flush(struct tlbs *tlbs)
{
    tlb_begin_epoch(tlbs);
    if (tlbs->filled_count > TLB_FILLED_MAX) {
        tlb_clear(tlbs);
        return;
    }
    for (u32 n = 0; n < tlbs->filled_count; n++)
        *tlbs->filled[n] = TLB_NONE;
    tlbs->filled_count = 0;
    superpages_clear(&tlbs->superpages);
}

static void drop(u64 *tag, u64 page)
{
    if (*tag == page)
        *tag = TLB_NONE;
}

void tlb_flush_page(struct tlbs *tlbs, t64_gva page)
{
    if (superpages_hold(&tlbs->superpages, page)) {
        tlb_flush(tlbs);
        return;
    }
    u32 slot = tlb_slot(page.at);
    tlb_begin_epoch(tlbs);
    for (u32 mode = 0; mode < 2; mode++) {
        struct tlb *tlb = &tlbs->mode[mode];
        drop(&tlb->load[slot].tag, page.at);
        drop(&tlb->store[slot].tag, page.at);
        drop(&tlb->fetch[slot].tag, page.at);
    }
}

void tlb_fill(struct tlbs *tlbs, u64 *tag, u64 page)
{
    *tag = page;
    if (tlbs->filled_count < TLB_FILLED_MAX)
        tlbs->filled[tlbs->filled_count++] = tag;
    else
        tlbs->filled_count = TLB_FILLED_MAX + 1;
}

static void protect(struct tlb *tlb, const u8 *page)
{
    for (u32 slot = 0; slot < TLB_SIZE; slot++)
        if (tlb->store[slot].tag + tlb->store[slot].addend == (u64)(uintptr_t)page)
            tlb->store[slot].tag = TLB_NONE;
}

void tlb_protect(struct tlbs *tlbs, const u8 *page)
{
    for (; tlbs; tlbs = tlbs->next) {
        tlb_begin_epoch(tlbs);
        for (u32 mode = 0; mode < 2; mode++)
            protect(&tlbs->mode[mode], page);
    }
}

static void drop_code(struct tlb *tlb, const struct code_page *page)
{
    for (u32 slot = 0; slot < TLB_SIZE; slot++)
        if (tlb->fetch[slot].page == page)
            tlb->fetch[slot].tag = TLB_NONE;
}

void tlb_drop_code(struct tlbs *tlbs, const struct code_page *page)
{
    for (; tlbs; tlbs = tlbs->next)
        for (u32 mode = 0; mode < 2; mode++)
            drop_code(&tlbs->mode[mode], page);
}
