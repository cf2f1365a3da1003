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

#include "code.h"
#include "vm.h"

struct t64_cpu;
struct tlb;
struct region;

enum { REGIONS_MAX = 4096, REGION_ENTRIES_MAX = 65535 };

/* Compiled code: runs from its entry number `entry` with complete registers, pc apart; at most `left` instructions. Returns what is
 * left of those, with state.pc set and REGION_STUCK if the interpreter must execute the instruction there before anything else. */
typedef u64 region_code(u64 *x, struct t64_cpu *cpu, const struct tlb *tlb, u64 left, struct region *region, u64 entry);

#define REGION_STUCK ((u64)1 << 63)

struct region_entry {
    region_code *code;
    struct region *region; /* NULL: free */
    u64 gva;
    u32 need;  /* the region may only be entered with so many instructions left */
    u16 index; /* of this entry, in the region */
    u8 user;
    u32 runs; /* since it was judged last, and the instructions that retired in them */
    u64 retired;
};

/* What a page of predecoded code has to do with regions. */
struct compiled_page {
    u16 entry[CODE_ENTRIES]; /* into recompiler.entries; 0: none */
    u64 words[CODE_ENTRIES / 64]; /* a bit for each word that a region was made from */
};

/* False: nothing was loaded, and the interpreter is to try. Else the load TLB has the page. */
typedef bool region_load(struct t64_cpu *cpu, u64 gva, u64 size);
/* False: nothing was stored, and the interpreter is to try. */
typedef bool region_store(struct t64_cpu *cpu, u64 gva, u64 size, u64 value);

/* False: as for a load or a store of the first of some accesses that follow one another. Else the TLBs have the page for all.
 * `what`: their span in bytes, from bit 16 on; the size of the largest, from bit 8; bit 1 and 0: are there stores and loads? */
typedef bool region_group(struct t64_cpu *cpu, u64 gva, u64 what);

struct region {
    /* Compiled code knows these by their place. */
    region_load *load;
    region_store *store;
    region_group *group;
    u64 jumped_from; /* set by it where it leaves by a jump through a register */
    const struct code_page *pages[T64_REGION_PAGES];
    u64 gva[T64_REGION_PAGES];
    u64 words[T64_REGION_PAGES][CODE_ENTRIES / 64];
    u32 page_count, entry_count;
};

struct t64_recompiler;

/* Does a region cover any of these words of the page? */
bool recompiler_covers(const struct code_page *page, u32 from, u32 to);
/* These words of the page are not what they were: drop the regions made from them. */
void recompiler_forget(struct code_cache *cache, struct code_page *page, u32 from, u32 to);
/* A new entry was decoded: shall it be counted? */
void recompiler_watch(struct t64_cpu *cpu, struct code_entry *entry);
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
/* For this RAM. NULL without memory; NULL may be closed. */
struct t64_recompiler *recompiler_new(struct code_cache *cache, const t64_recompiler_config *config);
void recompiler_close(struct t64_recompiler *recompiler);

/* The entry into a region that stands at this place for this address and mode, or NULL. */
struct region_entry *recompiler_entry(const struct code_cache *cache, const struct code_page *page, u64 pc, bool user);

#endif
