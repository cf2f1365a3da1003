/* Recompiled code: regions of guest code as host code, entered from predecoded entries.
 *
 * The core counts what runs often and asks for it; somebody else, in a thread of his own, compiles it and offers the result.
 * A region belongs to the arrays of predecoded code that it was made from: where one of its words changes, or its array goes to
 * another frame, it is dropped. All of this hangs from the code cache, and is touched by the thread that runs alone, but for the
 * request and the offer, which change hands by an atomic flag. One request is under way at a time: what is asked for next is what is
 * still hot once the last answer is in place.
 */
#ifndef T64_RECOMPILER_H
#define T64_RECOMPILER_H

#include "engine/code/code.h"
#include "machine/vm.h"

struct t64_cpu;
struct region;
struct region_site;

enum { REGIONS_MAX = 4096, REGION_ENTRIES_MAX = 65535 };

/* Compiled code: runs from its entry number `entry` with complete registers, pc apart; at most `left` instructions. Returns what is
 * left of those, with state.pc set and REGION_STUCK if the interpreter must execute the instruction there before anything else. */
typedef u64 region_code(u64 *x, struct t64_cpu *cpu, u64 left, struct region *region, struct region_site *sites, u64 entry);

#define REGION_STUCK ((u64)1 << 63)

struct region_entry {
    region_code *code;
    struct region *region; /* NULL: free */
    u64 gva;
    u32 need;  /* the region may only be entered with so many instructions left */
    u16 index; /* of this entry, in the region */
    u8 user;
    u32 runs;   /* since it was judged last, and the instructions that they spared the interpreter */
    i64 spared;
};

/* What a page of predecoded code has to do with regions. */
struct compiled_page {
    u16 entry[CODE_ENTRIES]; /* into recompiler.entries; 0: none */
    u64 words[CODE_ENTRIES / 64]; /* a bit for each word that a region was made from */
};

/* A place in a region that accesses memory, once or as a group: where it may without asking. It does so from `gva` on, as far as
 * distances in units of its largest access are less than its count, and finds the bytes `addend` away. */
struct region_site {
    u64 gva, addend;
};

/* Let a site access the bytes that it wants at gva. False: nothing happened, and the interpreter is to execute the first access, as
 * it faults, or cannot be told from those that follow. `what`: the number of the site, from bit 32 on; the bytes
 * from the first to the last, from 16; the power of two that is the largest access, from 8; EXTENT_LOAD and EXTENT_STORE. */
typedef bool region_reach(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what);
/* The same and the store itself. False: nothing was stored, and the interpreter is to try. */
typedef bool region_store(struct t64_cpu *cpu, struct region *region, u64 gva, u64 what, u64 value);

/* Is this page of the region where it was compiled for, and may be gone on in without a look of the interpreter? */
typedef bool region_cross(struct t64_cpu *cpu, struct region *region, u64 page);

struct region {
    /* Compiled code knows these by their place. */
    region_reach *reach;
    region_store *store;
    region_cross *cross;
    u64 jumped_from; /* set by it where it leaves by a jump through a register */
    u8 present[T64_REGION_PAGES]; /* pages that `cross` found, in this epoch */
    const struct code_page *pages[T64_REGION_PAGES];
    u64 gva[T64_REGION_PAGES];
    u64 words[T64_REGION_PAGES][CODE_ENTRIES / 64];
    u64 epoch;  /* that `present` and `counts` are of */
    u32 page_count, entry_count, site_count;
    u32 misses; /* so often a site had to be found anew */
    struct region_site *sites; /* behind the counts */
    u64 counts[]; /* of sites, the last one's first: so that all can be forgotten at once, and each is found from `sites` */
};

struct t64_recompiler;

/* Does a region cover any of these words of the page? */
bool recompiler_covers(const struct code_page *page, u32 from, u32 to);
/* The entry at pc, being counted, is about to run, and may be something else afterwards. */
void recompiler_count(struct t64_cpu *cpu, struct code_entry *entry, u64 pc);
/* Run a region from state.pc; the instructions left, with REGION_STUCK. */
u64 recompiler_enter(struct t64_cpu *cpu, struct region_entry *entry, u64 left);
/* A region left to a place where none begins, or where it was stuck. */
void recompiler_left(struct t64_cpu *cpu, u64 pc, bool stuck);
/* Where too little is left for the fast build: run the region that begins at state.pc, in `page`. False: there is none for so few
 * instructions, and nothing has changed. */
bool recompiler_run(struct t64_cpu *cpu, struct code_page *page, u64 left);
/* Between runs of the dispatch loop: take what was offered. */
void recompiler_look(struct t64_cpu *cpu);
/* For this RAM: it listens to its code until that is closed. NULL without memory. */
struct t64_recompiler *recompiler_new(struct code_cache *cache, const t64_recompiler_config *config);

/* The entry into a region that stands at this place for this address and mode, or NULL. */
struct region_entry *recompiler_entry(const struct code_cache *cache, const struct code_page *page, u64 pc, bool user);

#endif
