/* Predecoded code: an array of entries for each page of RAM that was executed lately, decoded word by word on first use. */
#ifndef T64_CODE_H
#define T64_CODE_H

#include <stddef.h>
#include <string.h>

#include "base/phys.h"

/* Where writes to x0 go. */
enum { REGISTER_SINK = 32 };

enum { CODE_ENTRIES = 1024, CODE_PAGES_MAX = 56, CODE_SLOTS = 256 }; /* 56 arrays of 16 KiB stay below 1 MiB */

/* One instruction, ready to dispatch. */
struct code_entry {
    const void *handler; /* of the fast build */
    u8 rs1, rd;          /* rd is REGISTER_SINK where x0 is written */
    u8 kind;             /* enum code_kind: the exact build dispatches on it */
    u8 unused;
    i32 imm;             /* scaled for its handler; rs2 in format R; the word itself for those that decode again */
};
_Static_assert(sizeof(struct code_entry) == 16, "the budget counts in entries of 16 bytes");

_Static_assert(offsetof(struct code_entry, rs1) == 8 && offsetof(struct code_entry, imm) == 12, "as packed_operands has them");

/* rs1 in the low byte and the immediate, or rs2, from bit 32 on, by a single load: the compiler must not make several of it. */
static inline u64 packed_operands(const struct code_entry *entry)
{
    u64 packed;
    memcpy(&packed, (const u8 *)entry + offsetof(struct code_entry, rs1), sizeof packed);
    __asm__("" : "+r"(packed));
    return packed;
}

/* The immediate of a jump within its page, `offset` words away: bytes from the entry behind the jump to its target's. */
static inline i32 near_displacement(i32 offset) { return (offset - 1) * (i32)sizeof(struct code_entry); }
static inline i32 near_offset(const struct code_entry *entry) { return entry->imm / (i32)sizeof *entry + 1; }

struct code_page {
    u64 frame; /* of the machine's RAM */
    struct code_page *next; /* of the same slot */
    bool recent;
    u64 joined[CODE_ENTRIES / 64]; /* a bit for each entry that a branch within the page leads to */
    struct compiled_page *compiled; /* what was recompiled from it; NULL: nothing */
    struct code_entry entries[CODE_ENTRIES + 1]; /* the last one leads to the next page */
};

struct tlbs;
struct code_cache;
struct compiled_page;
struct t64_recompiler;

/* Who makes more of entries, and is told what becomes of them. Called on slow paths alone. */
struct code_listener {
    void (*decoded)(struct code_cache *cache, struct code_entry *entry); /* a new one: its handler may be another */
    void (*forget)(struct code_cache *cache, struct code_page *page, u32 from, u32 to); /* these words of a page that has `compiled` */
    void (*close)(struct code_cache *cache);
};

struct code_cache {
    struct tlbs *engines; /* a list: those that run this code */
    u64 epochs;           /* of their translations, all counted together */
    const void *const *handlers; /* of the fast build, by kind */
    struct code_page *pages[CODE_PAGES_MAX];
    u32 used, hand;
    struct code_page *slots[CODE_SLOTS]; /* lists, by frame; not an index of all RAM, which might be large */
    const struct code_listener *listener; /* NULL: there is none */
    struct t64_recompiler *recompiler;    /* the listener's own */
};

/* False without memory. The first array is made here, so that later there is always one to evict. */
bool code_open(struct code_cache *cache, const void *const *handlers);
void code_close(struct code_cache *cache);

/* The array of a frame; NULL: it has none. */
static inline struct code_page *code_of(const struct code_cache *cache, u64 frame)
{
    struct code_page *page = cache->slots[frame % CODE_SLOTS];
    while (page && page->frame != frame)
        page = page->next;
    return page;
}

/* The array for a frame that has none yet; `*evicted`: it was another frame's until now. */
struct code_page *code_new(struct code_cache *cache, u64 frame, bool *evicted);

/* Take apart the groups that reach this entry from before it, or end there. */
void code_ungroup(const struct code_cache *cache, struct code_page *page, u32 entry);

/* A branch within the page leads to this entry. */
void code_join(const struct code_cache *cache, struct code_page *page, u32 entry);
static inline bool is_joined(const struct code_page *page, u32 entry) { return page->joined[entry / 64] >> entry % 64 & 1; }

/* Fill the entry, and those behind it that may join its group, from the words in RAM. How many were decoded. */
u32 predecode(struct code_cache *cache, const u8 *ram, struct code_page *page, struct code_entry *entry);

/* These bytes changed: what was decoded from them is decoded anew at its next use. */
void code_changed(struct code_cache *cache, t64_hpa hpa, u64 size);

#endif
