/* The recompiler's books, and what its files do for one another. */
#ifndef T64_RECOMPILER_BOOKS_H
#define T64_RECOMPILER_BOOKS_H

#include <stdatomic.h>

#include "engine/recompiler/recompiler.h"

enum { COUNTERS = 4096, ENTRIES_MAX = 8192, ASKED = 1024, JUMPS = 256 };

struct t64_recompiler {
    struct code_cache *cache;
    t64_recompiler_config config;
    t64_recompiler_counts counts;
    u16 counters[COUNTERS];
    u64 asked[ASKED];   /* places that were asked for lately */
    u64 useless[ASKED]; /* places where entering a region does not pay */
    region_code *useless_code[ASKED]; /* and that region's code */
    u64 retired, passed; /* as of the last look; since something was forgiven, about */
    bool lost; /* something was dropped since asked was cleared */
    bool is_waiting; /* for an answer: until then nothing is counted, as it could not be asked for */
    const struct code_entry *settled[ASKED]; /* entries that need not be counted again */
    t64_jump jumps[JUMPS];
    struct region *regions[REGIONS_MAX];
    u32 region_count;
    struct region_entry entries[ENTRIES_MAX]; /* [0] stays free: an index of 0 means none */
    u32 entry_hand;
    atomic_int slot;
    t64_request request;
    t64_offer offer;
};

static inline u32 counter_of(u64 pc, u32 count) { return (u32)((pc >> 2) * 0x9e3779b1u >> 7) % count; }

static inline u64 name_of(u64 pc, bool user) { return pc | user; }

static inline bool is_useless(const struct t64_recompiler *r, u64 pc, bool user)
{
    return r->useless[counter_of(pc, ASKED)] == name_of(pc, user);
}

static inline void remember_jump(struct t64_recompiler *r, u64 source, u64 target)
{
    if (!(target & 3))
        r->jumps[counter_of(source ^ target * 31, JUMPS)] = (t64_jump){source, target};
}

/* Of requests: what asking for a region came to. */
enum answer { NOT_NOW, ASKED_FOR, KNOWN }; /* KNOWN: there is a region, or asking again is no use */
enum answer recompiler_ask_for(struct t64_cpu *cpu, u64 pc, bool user, bool stuck);
/* What is lost may be asked for again: not at once, or code that changes all the time would be compiled all the time. */
void recompiler_ask_again(struct t64_recompiler *r);

/* Of counting. A new entry was decoded: shall it be counted? */
void recompiler_watch(struct code_cache *cache, struct code_entry *entry);
void recompiler_pause_counting(struct t64_recompiler *r);
void recompiler_resume_counting(struct t64_recompiler *r);
/* The entry is its own again: it, and those before it that could take it into their group, are grouped anew when they are executed
 * next. */
void recompiler_let_go(const struct code_cache *cache, struct code_entry *entry, u32 index);

/* Of regions. These words of the page are not what they were: drop the regions made from them. */
void recompiler_forget(struct code_cache *cache, struct code_page *page, u32 from, u32 to);
/* What was offered: a region, or that all are to be dropped. */
void recompiler_install(struct t64_cpu *cpu, const t64_offer *offer);
void recompiler_remove_entry(struct t64_recompiler *r, struct region_entry *entry);

/* Of reaching: as region_reach and region_store have it, on behalf of an instruction that is executing. */
bool recompiler_reach(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what);
bool recompiler_store(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what, u64 value);

#endif
