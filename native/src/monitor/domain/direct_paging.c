/* A paravirtual guest's page tables: validated when a frame becomes one, and kept so entry by entry.
 *
 * As Xen's direct paging: a frame has one type at a time, and uses are counted. Tables point to tables of the level
 * below alone, so that there are no loops; a writable mapping is a use as FRAME_WRITABLE, so that no table is writable.
 */
#include "monitor/domain/direct_paging.h"
#include "monitor/domain/domain.h"

static struct frame *frame_of(const struct t64_guest *guest, u64 number)
{
    return &guest->host->frames.all[number];
}

bool tables_owns(const struct t64_guest *guest, u64 number)
{
    return number < guest->host->frames.total && frame_of(guest, number)->owner == guest->owner;
}

static const u64 *entries_of(const struct t64_guest *guest, u32 table)
{
    return (const u64 *)(const void *)frames_bytes(&guest->host->frames, table);
}

/* The last slot of a root is the monitor's. */
u32 tables_entries_in(u32 level) { return level == FRAME_LEVEL2 ? MONITOR_ROOT_SLOT : PAGE_ENTRIES; }

static u32 entry_frame(u64 entry) { return (u32)((entry & PTE_FRAME) >> FRAME_SHIFT); }

static bool is_leaf(u64 entry) { return entry & (PTE_R | PTE_W | PTE_X); }

bool tables_is_well_formed(u64 entry, u32 level)
{
    if (entry & PTE_RESERVED)
        return false;
    return level == FRAME_LEVEL0 ? is_leaf(entry) : !is_leaf(entry) && !(entry & (PTE_U | PTE_A | PTE_D));
}

static t64_hpa entry_at(u32 table, u32 index) { return (t64_hpa){frame_address(table).at + 8 * index}; }

static int get_leaf(struct t64_guest *guest, u64 entry)
{
    u64 frame = (entry & PTE_FRAME) >> FRAME_SHIFT;
    if (!tables_owns(guest, frame))
        return -HYPERCALL_ERROR_PERM;
    int error = entry & PTE_W ? tables_get_writable(guest, frame) : 0;
    frame_of(guest, frame)->mappings += !error;
    return error;
}

/* 0, a refusal, or T64_STOP_WORK. */
static int get_entry(struct t64_guest *guest, u64 entry, u32 level)
{
    if (!(entry & PTE_V))
        return 0;
    if (!tables_is_well_formed(entry, level))
        return -HYPERCALL_ERROR_INVAL;
    u64 frame = (entry & PTE_FRAME) >> FRAME_SHIFT;
    return level == FRAME_LEVEL0 ? get_leaf(guest, entry) : trees_take(guest, frame, level - 1);
}

/* Of an entry that was taken, so that the frame exists. A leaf that names a foreign frame is the entry of a grant map. */
static void put_leaf(struct t64_guest *guest, t64_hpa at, u64 entry)
{
    u32 frame = entry_frame(entry);
    if (!tables_owns(guest, frame)) {
        grants_release(guest, at);
        return;
    }
    frame_of(guest, frame)->mappings--;
    if (entry & PTE_W)
        tables_put_writable(guest, frame);
}

static void put_entry(struct t64_guest *guest, t64_hpa at, u64 entry, u32 level)
{
    if (!(entry & PTE_V))
        return;
    if (level == FRAME_LEVEL0)
        put_leaf(guest, at, entry);
    else
        trees_leave(guest, entry_frame(entry));
}

void tables_put_leaves(struct t64_guest *guest, u32 table, u32 count)
{
    const u64 *entries = entries_of(guest, table);
    for (u32 i = 0; i < count; i++)
        put_entry(guest, entry_at(table, i), entries[i], FRAME_LEVEL0);
}

/* Is it the entry of a grant map, as the books have it? Tables are checked anew with such in them. */
static bool is_grant_map(struct t64_guest *guest, t64_hpa at, u64 entry)
{
    const struct grant_map *map = entry & PTE_V ? grants_find(guest, at) : NULL;
    u64 rights = PTE_V | PTE_R | PTE_U | PTE_A | PTE_D | (map && map->writable ? PTE_W : 0);
    return map && entry_frame(entry) == map->frame && is_leaf(entry) && !(entry & ~(rights | PTE_FRAME));
}

int tables_validate_leaves(struct t64_guest *guest, u32 table)
{
    const u64 *entries = entries_of(guest, table);
    for (u32 i = 0; i < PAGE_ENTRIES; i++) {
        if (guest->domain->maps_used && is_grant_map(guest, entry_at(table, i), entries[i]))
            continue;
        int error = get_entry(guest, entries[i], FRAME_LEVEL0);
        if (error) {
            tables_put_leaves(guest, table, i);
            return error;
        }
    }
    return 0;
}

/* Each entry may have to be looked for among the grant maps. */
void tables_note_work(struct t64_guest *guest, u32 level)
{
    guest->vm.work[level == FRAME_LEVEL0 ? T64_WORK_SCANNED_LEAVES : T64_WORK_SCANNED_ENTRIES] += PAGE_ENTRIES;
    host_note_work(guest->host, guest->domain->maps_used ? PAGE_ENTRIES * WORK_GRANT_MAPS : PAGE_ENTRIES);
}

/* A root of its own may be used by users too: the window is not in it before it is the kernel's. */
void tables_clear_monitor_slot(struct t64_guest *guest, u32 root)
{
    host_store_entry(guest->host, entry_at(root, MONITOR_ROOT_SLOT), 0);
}

int tables_get_writable(struct t64_guest *guest, u64 number)
{
    if (!tables_owns(guest, number))
        return -HYPERCALL_ERROR_PERM;
    struct frame *frame = frame_of(guest, number);
    if (frame->count && frame->type != FRAME_WRITABLE)
        return -HYPERCALL_ERROR_BUSY;
    frame->type = FRAME_WRITABLE;
    frame->count++;
    return 0;
}

void tables_put_writable(struct t64_guest *guest, u32 number)
{
    struct frame *frame = frame_of(guest, number);
    if (!--frame->count)
        frame->type = FRAME_UNTYPED;
}

int tables_pin(struct t64_guest *guest, u64 number, u64 level)
{
    if (level > FRAME_LEVEL2)
        return -HYPERCALL_ERROR_INVAL;
    if (tables_owns(guest, number) && frame_of(guest, number)->pinned)
        return frame_of(guest, number)->type == level ? 0 : -HYPERCALL_ERROR_BUSY;
    int error = trees_take(guest, number, (u32)level);
    if (!error)
        frame_of(guest, number)->pinned = (u8)(1 + level);
    return error;
}

int tables_unpin(struct t64_guest *guest, u64 number)
{
    if (!tables_owns(guest, number))
        return -HYPERCALL_ERROR_PERM;
    if (!frame_of(guest, number)->pinned)
        return -HYPERCALL_ERROR_INVAL;
    frame_of(guest, number)->pinned = 0;
    trees_leave(guest, (u32)number);
    return 0;
}

int tables_update(struct t64_guest *guest, t64_hpa at, u64 value)
{
    u64 number = at.at >> FRAME_SHIFT;
    if (at.at % sizeof value)
        return -HYPERCALL_ERROR_INVAL;
    if (!tables_owns(guest, number))
        return -HYPERCALL_ERROR_PERM;
    u32 level = frame_of(guest, number)->type;
    if (level > FRAME_LEVEL2)
        return -HYPERCALL_ERROR_INVAL;
    if ((at.at & (FRAME_SIZE - 1)) >> 3 >= tables_entries_in(level))
        return -HYPERCALL_ERROR_PERM;
    int error = get_entry(guest, value, level);
    if (error)
        return error;
    u64 old = host_entry(guest->host, at);
    host_store_entry(guest->host, at, value);
    put_entry(guest, at, old, level);
    return 0;
}

static u64 index_of(t64_gva gva, u32 level)
{
    return gva.at >> (PAGE_SHIFT + PAGE_INDEX_BITS * level) & (PAGE_ENTRIES - 1);
}

static bool is_canonical(t64_gva gva)
{
    u64 top = gva.at >> (ADDRESS_BITS - 1);
    return top == 0 || top == T64_NOWHERE >> (ADDRESS_BITS - 1);
}

t64_hpa tables_find_entry(struct t64_guest *guest, t64_gva gva)
{
    u64 table = frame_address(guest->domain->roots[DOMAIN_KERNEL]).at;
    if (!is_canonical(gva))
        return (t64_hpa){T64_NOWHERE};
    for (u32 level = PAGE_LEVELS - 1; level > 0; level--) {
        u64 entry = host_entry(guest->host, (t64_hpa){table + 8 * index_of(gva, level)});
        if (!(entry & PTE_V))
            return (t64_hpa){T64_NOWHERE};
        table = entry & PTE_FRAME;
    }
    return (t64_hpa){table + 8 * index_of(gva, 0)};
}

/* But for what others do with the frames. */
static void forget_types(struct t64_guest *guest)
{
    guest->domain->trees = (struct trees){0};
    for (u32 page = 0; page < guest->pages; page++) {
        if (guest->frames[page] == FRAME_NONE)
            continue;
        struct frame *frame = frame_of(guest, guest->frames[page]);
        frame->count = frame->writable_maps;
        frame->type = frame->count ? FRAME_WRITABLE : FRAME_UNTYPED;
        frame->mappings = 0;
    }
}

static bool take_pins(struct t64_guest *guest)
{
    bool sound = true;
    for (u32 page = 0; page < guest->pages; page++) {
        if (guest->frames[page] == FRAME_NONE)
            continue;
        struct frame *frame = frame_of(guest, guest->frames[page]);
        if (frame->pinned && trees_take_at_once(guest, guest->frames[page], frame->pinned - 1u)) {
            frame->pinned = 0;
            sound = false;
        }
    }
    return sound;
}

void tables_recheck_maps(struct t64_guest *guest)
{
    for (u32 i = 0; i < GRANT_MAPS; i++) {
        t64_hpa at = guest->domain->maps[i].entry;
        if (!guest->domain->maps[i].used)
            continue;
        bool in_table = frame_of(guest, at.at >> FRAME_SHIFT)->type == FRAME_LEVEL0;
        if (!in_table || !is_grant_map(guest, at, host_entry(guest->host, at)))
            grants_release(guest, at);
    }
}

bool tables_recheck(struct t64_guest *guest, u32 roots[2])
{
    forget_types(guest);
    bool sound = take_pins(guest);
    for (u32 mode = 0; mode < 2; mode++)
        if (roots[mode] != FRAME_NONE && trees_take_at_once(guest, roots[mode], FRAME_LEVEL2)) {
            roots[mode] = FRAME_NONE;
            sound = false;
        }
    return sound;
}

void tables_forget(struct t64_guest *guest)
{
    forget_types(guest);
    for (u32 page = 0; page < guest->pages; page++)
        if (guest->frames[page] != FRAME_NONE)
            frame_of(guest, guest->frames[page])->pinned = 0;
}
