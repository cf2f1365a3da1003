/* The walk itself, wherever the entries are read from: an inline function, built once for each kind of memory. */
#ifndef T64_WALK_TABLES_H
#define T64_WALK_TABLES_H

#include "isa/walk.h"
#include "isa.h"

/* Reads the entry of a table of that level at a physical address. What is not WALK_OK ends the walk. */
typedef enum t64_walk_result (*entry_reader)(void *memory, t64_gpa at, u32 level, u64 *entry);

static inline struct t64_walk failed_walk(enum t64_walk_result result)
{
    return (struct t64_walk){.result = result, .gpa = {T64_NOWHERE}, .entry_at = {T64_NOWHERE}};
}

static inline bool canonical(t64_gva gva)
{
    u64 top = gva.at >> 38; /* bits 63..38 must be equal */
    return top == 0 || top == (T64_NOWHERE >> 38);
}

/* Is this leaf one that the mode and rights may use? */
static inline bool leaf_allows(u64 entry, u32 level, u32 rights, bool user)
{
    u64 below = (((u64)1 << (9 * level)) - 1) << 12; /* frame bits under the leaf's size */
    return !(entry & PTE_FRAME & below) && (entry & rights) == rights && (!user || (entry & PTE_U));
}

/* As walk(), over memory that `read` reads and that ends at `size`. */
static inline __attribute__((always_inline)) struct t64_walk walk_tables(entry_reader read, void *memory, u64 size,
                                                                         u64 ptbr, t64_gva gva, u32 rights, bool user)
{
    if (!(ptbr & PTBR_ENABLE)) {
        struct t64_walk direct = {.gpa = {gva.at}, .entry_at = {T64_NOWHERE}};
        return gva.at < size ? direct : failed_walk(WALK_ACCESS_FAULT);
    }
    if (!canonical(gva))
        return failed_walk(WALK_PAGE_FAULT);
    u64 table = ptbr & PTBR_FRAME;
    for (u32 level = 2;; level--) {
        t64_gpa at = {table + ((gva.at >> (12 + 9 * level)) & 511) * 8};
        u64 entry;
        enum t64_walk_result result = read(memory, at, level, &entry);
        if (result != WALK_OK)
            return failed_walk(result);
        if (!(entry & PTE_V) || (entry & PTE_RESERVED))
            return failed_walk(WALK_PAGE_FAULT);
        if (entry & (PTE_R | PTE_W | PTE_X)) {
            if (!leaf_allows(entry, level, rights, user))
                return failed_walk(WALK_PAGE_FAULT);
            u64 offset = gva.at & (((u64)1 << (12 + 9 * level)) - 1);
            struct t64_walk found = {
                .gpa = {(entry & PTE_FRAME) + offset}, .entry_at = at, .entry = entry, .level = level};
            return found.gpa.at < size ? found : failed_walk(WALK_ACCESS_FAULT);
        }
        if (level == 0 || (entry & (PTE_U | PTE_A | PTE_D)))
            return failed_walk(WALK_PAGE_FAULT);
        table = entry & PTE_FRAME;
    }
}

#endif
