/* A modelled TLB: sets of entries, the one used least lately replaced. */
#include "machine/modelled_tlb.h"

#include <stdlib.h>
#include <string.h>

#include "isa/walk_tables.h"
#include "machine/vm.h"

static u64 first_of(t64_gva gva, u32 level) { return gva.at & ~(((u64)1 << (12 + 9 * level)) - 1); }

static struct modelled_entry *set_of(struct modelled_tlb *tlb, t64_gva gva, u32 level)
{
    return &tlb->entries[(gva.at >> (12 + 9 * level)) % tlb->sets * tlb->ways];
}

/* The entry of that level for an address, or NULL. */
static struct modelled_entry *find(struct modelled_tlb *tlb, t64_gva gva, u32 level)
{
    struct modelled_entry *set = set_of(tlb, gva, level);
    for (u32 way = 0; tlb->levels[level] && way < tlb->ways; way++)
        if (set[way].rights && set[way].tag == (first_of(gva, level) | level))
            return &set[way];
    return NULL;
}

/* A store needs D to be set already: otherwise the walk is made again, to set it. */
static bool allows(const struct modelled_entry *entry, u32 access, bool user)
{
    u64 wanted = access | (user ? PTE_U : 0) | (access == ACCESS_STORE ? PTE_D : 0);
    return (entry->rights & wanted) == wanted;
}

static struct modelled_entry *least_lately_used(struct modelled_entry *set, u32 ways)
{
    struct modelled_entry *found = set;
    for (u32 way = 0; way < ways && found->rights; way++)
        if (!set[way].rights || set[way].used < found->used)
            found = &set[way];
    return found;
}

/* A walk whose entries are counted, in both dimensions. */
struct counted_walk {
    const struct modelled_view *view;
    t64_tlb_counts *counts;
};

/* The entries that the nested tables are read at for one guest-physical address. */
static u64 nested_steps(const struct modelled_view *view, t64_gpa gpa)
{
    if (!view->nested_phys)
        return 0;
    struct t64_walk found = walk(view->nested_phys, view->nested_root, (t64_gva){gpa.at}, 0, false);
    return PAGE_LEVELS - found.level; /* all of them where it has no leaf any more */
}

static enum t64_walk_result read_counted(void *memory, t64_gpa at, u32 level, u64 *entry)
{
    (void)level;
    struct counted_walk *counted = memory;
    const u8 *bytes = phys_at(counted->view->phys, at);
    if (!bytes)
        return WALK_ACCESS_FAULT;
    counted->counts->walk_steps++;
    counted->counts->nested_steps += nested_steps(counted->view, at);
    memcpy(entry, bytes, 8);
    return WALK_OK;
}

/* In place of the page's entry, if there is one, of whatever level. */
static void fill(struct modelled_tlb *tlb, t64_gva gva, const struct t64_walk *found, struct modelled_entry *old)
{
    struct modelled_entry *entry = find(tlb, gva, found->level);
    if (old && old != entry)
        old->rights = 0;
    if (!entry)
        entry = least_lately_used(set_of(tlb, gva, found->level), tlb->ways);
    tlb->levels[found->level]++;
    *entry = (struct modelled_entry){
        first_of(gva, found->level) | found->level, found->entry & (PTE_R | PTE_W | PTE_X | PTE_U | PTE_D), tlb->clock};
}

static void miss(struct modelled_tlb *tlb, const struct modelled_view *view, t64_gva gva, u32 access, struct modelled_entry *old)
{
    struct counted_walk counted = {view, &tlb->counts};
    tlb->counts.fetch_misses += access == ACCESS_FETCH;
    tlb->counts.load_misses += access == ACCESS_LOAD;
    tlb->counts.store_misses += access == ACCESS_STORE;
    struct t64_walk found = walk_tables(read_counted, &counted, view->phys->size, view->ptbr, gva, access, view->user);
    if (found.result != WALK_OK) /* the access was translated by what was forgotten to be flushed */
        return;
    tlb->counts.nested_steps += nested_steps(view, found.gpa);
    fill(tlb, gva, &found, old);
}

void modelled_access(struct modelled_tlb *tlb, const struct modelled_view *view, t64_gva gva, enum t64_access access)
{
    if (!(view->ptbr & PTBR_ENABLE) || gva.at >= WINDOW_BASE)
        return;
    tlb->clock++;
    tlb->counts.loads += access == ACCESS_LOAD;
    tlb->counts.stores += access == ACCESS_STORE;
    struct modelled_entry *entry = NULL;
    for (u32 level = 0; !entry && level < PAGE_LEVELS; level++)
        entry = find(tlb, gva, level);
    if (entry && allows(entry, access, view->user))
        entry->used = tlb->clock;
    else
        miss(tlb, view, gva, access, entry);
}

void modelled_flush(struct modelled_tlb *tlb)
{
    if (!tlb)
        return;
    for (u32 n = 0; n < tlb->sets * tlb->ways; n++)
        tlb->entries[n].rights = 0;
    memset(tlb->levels, 0, sizeof tlb->levels);
}

void modelled_flush_page(struct modelled_tlb *tlb, t64_gva page)
{
    for (u32 level = 0; tlb && level < PAGE_LEVELS; level++) {
        struct modelled_entry *entry = find(tlb, page, level);
        if (entry)
            entry->rights = 0;
    }
}

int t64_vm_model_tlb(t64_vm *vm, uint32_t entries, uint32_t ways)
{
    bool fits = ways && ways <= T64_TLB_WAYS_MAX && entries <= T64_TLB_ENTRIES_MAX && entries && entries % ways == 0;
    if (!fits || entries / ways & (entries / ways - 1))
        return T64_ERROR_VALUE;
    struct modelled_tlb *tlb = calloc(1, sizeof *tlb + entries * sizeof tlb->entries[0]);
    if (!tlb)
        return T64_ERROR_MEMORY;
    tlb->vm = vm;
    tlb->sets = entries / ways;
    tlb->ways = ways;
    free(vm->modelled_tlb);
    vm->modelled_tlb = tlb;
    return T64_OK;
}

int t64_vm_tlb_counts(t64_vm *vm, t64_tlb_counts *counts)
{
    if (!vm->modelled_tlb)
        return T64_ERROR_VALUE;
    *counts = vm->modelled_tlb->counts;
    return T64_OK;
}
