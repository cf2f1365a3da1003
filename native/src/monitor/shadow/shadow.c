/* Shadow page tables: the way from a root to a leaf, and what is forgotten when. */
#include "monitor/shadow/shadow_tables.h"

bool shadow_open(struct shadow *shadow, struct t64_host *host, const struct t64_vm *vm, bool cached)
{
    *shadow = (struct shadow){.host = host, .vm = vm, .cached = cached, .roots = {SHADOW_NONE, SHADOW_NONE},
                              .window = FRAME_NONE, .cleared_page = SHADOW_NONE};
    return pool_open(shadow, (u32)(vm->phys.size >> FRAME_SHIFT));
}

void shadow_close(struct shadow *shadow)
{
    if (shadow->host && shadow->window != FRAME_NONE)
        host_give_back(shadow->host, shadow->window);
    pool_close(shadow);
}

/* Shapes: what a table is a shadow of. */

static struct shadow_table shape_of_pages(u64 page, u64 rights)
{
    return (struct shadow_table){.kind = SHADOW_OF_PAGES, .page = (u32)page, .rights = (u8)rights};
}

static u64 guest_entry(const struct shadow *shadow, u32 page, u32 index)
{
    u64 entry = 0;
    phys_read(&shadow->vm->phys, (t64_gpa){((u64)page << FRAME_SHIFT) + 8 * index}, &entry, sizeof entry);
    return entry;
}

/* What stands behind an entry of the guest's table; the guest's own walk has been there, but on the way to the window. */
static struct shadow_table shape_behind(const struct shadow *shadow, u64 entry)
{
    u64 page = (entry & PTE_FRAME) >> FRAME_SHIFT;
    if (!(entry & PTE_V) || page >= shadow->vm->phys.size >> FRAME_SHIFT)
        return (struct shadow_table){.kind = SHADOW_OF_NOTHING};
    if (entry & (PTE_R | PTE_W | PTE_X))
        return shape_of_pages(page, shadow_rights(entry));
    return (struct shadow_table){.kind = SHADOW_OF_TABLE, .page = (u32)page};
}

static struct shadow_table shape_of_root(const struct shadow *shadow)
{
    u64 ptbr = shadow->vm->state.ptbr;
    if (!shadow->cached)
        return (struct shadow_table){.kind = SHADOW_OF_ADDRESSES};
    return ptbr & PTBR_ENABLE ? shape_behind(shadow, (ptbr & PTBR_FRAME) | PTE_V) : shape_of_pages(0, PTE_R | PTE_W | PTE_X);
}

/* Of the table that the entry `index` of another one leads to. */
static struct shadow_table shape_of_child(const struct shadow *shadow, const struct shadow_table *parent, u32 index)
{
    struct shadow_table shape = {.kind = parent->kind};
    if (parent->kind == SHADOW_OF_TABLE)
        shape = shape_behind(shadow, guest_entry(shadow, parent->page, index));
    else if (parent->kind == SHADOW_OF_PAGES)
        shape = shape_of_pages(parent->page + ((u64)index << (PAGE_INDEX_BITS * parent->level)), parent->rights);
    shape.level = parent->level - 1;
    shape.mode = parent->mode;
    shape.holds_window = parent->holds_window && index == PAGE_ENTRIES - 1;
    return shape;
}

static u32 find_or_make(struct shadow *shadow, struct shadow_table shape)
{
    u32 known = shape.kind == SHADOW_OF_TABLE ? table_find(shadow, &shape) : SHADOW_NONE;
    if (known != SHADOW_NONE)
        return known;
    if (shape.kind == SHADOW_OF_TABLE)
        shadow_restrict(shadow, shape.page, SHADOW_MODES, PTE_R | PTE_X); /* traced from now on */
    return table_new(shadow, shape);
}

/* Roots. */

static u32 root_table(struct shadow *shadow, u32 mode)
{
    if (shadow->roots[mode] == SHADOW_NONE) {
        struct shadow_table shape = shape_of_root(shadow);
        shape.level = PAGE_LEVELS - 1;
        shape.mode = (u8)mode;
        shape.holds_window = shadow->window != FRAME_NONE && mode == 0;
        shadow->roots[mode] = find_or_make(shadow, shape);
    }
    return shadow->roots[mode];
}

u32 shadow_root(struct shadow *shadow, u32 mode)
{
    if (shadow->roots[mode] == SHADOW_NONE)
        pool_provide(shadow);
    return shadow->tables[root_table(shadow, mode)].frame;
}

u32 shadow_known_root(const struct shadow *shadow, u32 mode)
{
    u32 root = shadow->roots[mode];
    return root == SHADOW_NONE ? FRAME_NONE : shadow->tables[root].frame;
}

/* Mapping. */

/* A large leaf whose D was set since has more rights now. */
static bool is_outdated(const struct shadow_table *child, const struct shadow_table *shape)
{
    return child->kind == SHADOW_OF_PAGES && shape->kind == SHADOW_OF_PAGES && child->rights != shape->rights;
}

static u32 child_of(struct shadow *shadow, u32 table, t64_gva gva)
{
    u32 index = shadow_index(gva, shadow->tables[table].level);
    u64 entry = *shadow_entry(shadow, table, index);
    struct shadow_table shape = shape_of_child(shadow, &shadow->tables[table], index);
    u32 child = entry ? shadow_named(shadow, entry) : SHADOW_NONE;
    if (child != SHADOW_NONE && !is_outdated(&shadow->tables[child], &shape))
        return child;
    child = find_or_make(shadow, shape);
    entry_point(shadow, table, index, child);
    return child;
}

/* The table where the leaf for gva stands. */
static u32 leaf_table(struct shadow *shadow, u32 mode, t64_gva gva)
{
    pool_provide(shadow);
    u32 table = root_table(shadow, mode);
    while (shadow->tables[table].level)
        table = child_of(shadow, table, gva);
    return table;
}

/* The hardware's own marks are of no use here, so that it never has to write them. */
static u64 leaf_entry(u32 frame, u64 rights)
{
    return frame_address(frame).at | rights | PTE_V | PTE_U | PTE_A | PTE_D;
}

void shadow_map(struct shadow *shadow, const struct shadow_leaf *leaf)
{
    u32 table = leaf_table(shadow, leaf->mode, leaf->gva);
    superpages_keep(&shadow->superpages, leaf->gva, leaf->level);
    u64 rights = shadow_traces(shadow, leaf->page) ? leaf->rights & ~PTE_W : leaf->rights;
    entry_map(shadow, table, shadow_index(leaf->gva, 0), leaf->page, leaf_entry(leaf->frame, rights));
}

/* The table with the leaf of gva under a root; SHADOW_NONE if one on the way is missing. */
static u32 find_leaf_table(const struct shadow *shadow, u32 table, t64_gva gva)
{
    while (table != SHADOW_NONE && shadow->tables[table].level) {
        u64 entry = *shadow_entry(shadow, table, shadow_index(gva, shadow->tables[table].level));
        table = entry ? shadow_named(shadow, entry) : SHADOW_NONE;
    }
    return table;
}

bool shadow_maps(const struct shadow *shadow, u32 mode, t64_gva gva, u32 frame)
{
    u32 table = find_leaf_table(shadow, shadow->roots[mode], gva);
    u64 entry = table == SHADOW_NONE ? 0 : *shadow_entry(shadow, table, shadow_index(gva, 0));
    return entry && (entry & PTE_FRAME) == frame_address(frame).at;
}

/* Forgetting. */

/* A shadow of nothing, or of no table, would not be found again. */
static void let_go_of_root(struct shadow *shadow, u32 mode)
{
    u32 root = shadow->roots[mode];
    if (root != SHADOW_NONE && shadow->tables[root].kind != SHADOW_OF_TABLE)
        table_zap(shadow, root);
    shadow->roots[mode] = SHADOW_NONE;
}

void shadow_flush(struct shadow *shadow)
{
    if (shadow->cached)
        for (u32 mode = 0; mode < SHADOW_MODES; mode++)
            let_go_of_root(shadow, mode);
    else
        pool_clear_leaves(shadow);
    cpu_flush(shadow->host->cpu);
}

/* Cached, the leaves are what the guest's tables say, and the hardware's cache has nothing of a large one that is gone. */
void shadow_flush_page(struct shadow *shadow, t64_gva gva)
{
    if (!shadow->cached && superpages_hold(&shadow->superpages, gva)) {
        shadow_flush(shadow);
        return;
    }
    for (u32 mode = 0; mode < SHADOW_MODES && !shadow->cached; mode++) {
        u32 table = find_leaf_table(shadow, shadow->roots[mode], gva);
        if (table != SHADOW_NONE)
            entry_clear(shadow, table, shadow_index(gva, 0));
    }
    cpu_flush_page(shadow->host->cpu, gva);
}

void shadow_forget(struct shadow *shadow) { pool_clear(shadow); }

void shadow_memory_changed(struct shadow *shadow, u32 page)
{
    if (!shadow->cached)
        shadow_forget(shadow); /* it may be a table */
    else
        shadow_untrace(shadow, page);
    cpu_flush(shadow->host->cpu); /* a table that was let go may be remembered still */
}

void shadow_restrict(struct shadow *shadow, u32 page, u32 mode, u64 rights)
{
    const u64 all = PTE_R | PTE_W | PTE_X;
    for (u32 number = shadow->pages[page].mappings, next; number != SHADOW_NONE; number = next) {
        const struct link *link = link_at(&shadow->links, number);
        u32 table = link->table, index = link->index;
        u64 *entry = shadow_entry(shadow, table, index);
        next = link->next;
        host_note_work(shadow->host, 1);
        if ((mode < SHADOW_MODES && shadow->tables[table].mode != mode) || !(*entry & all & ~rights))
            continue;
        if (*entry & all & rights)
            *entry &= ~all | rights;
        else
            entry_clear(shadow, table, index);
    }
    cpu_flush(shadow->host->cpu); /* which may remember leaves that are gone already, too */
}

/* The window. */

static const t64_gva window = {SHARED_PAGE_ADDRESS};

bool shadow_open_window(struct shadow *shadow)
{
    shadow->window = frames_take(&shadow->host->frames, FRAME_MONITOR, shadow->window_page);
    shadow->window_writable = true;
    return shadow->window != FRAME_NONE;
}

void shadow_map_window(struct shadow *shadow)
{
    u32 table = leaf_table(shadow, 0, window);
    u64 rights = shadow->window_writable ? PTE_R | PTE_W : PTE_R;
    entry_map(shadow, table, shadow_index(window, 0), shadow->window_page, leaf_entry(shadow->window, rights));
}

void shadow_let_window(struct shadow *shadow, bool writable)
{
    if (writable == shadow->window_writable)
        return;
    shadow->window_writable = writable;
    u32 number = shadow->pages[shadow->window_page].mappings;
    for (; number != SHADOW_NONE; number = link_at(&shadow->links, number)->next) {
        const struct link *link = link_at(&shadow->links, number);
        u64 *entry = shadow_entry(shadow, link->table, link->index);
        *entry = writable ? *entry | PTE_W : *entry & ~(u64)PTE_W;
    }
    cpu_flush_page(shadow->host->cpu, window);
}
