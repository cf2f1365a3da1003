/* A paravirtual guest's page tables: validated when a frame becomes one, and kept so entry by entry.
 *
 * As Xen's direct paging: a frame has one type at a time, and uses are counted. Tables point to tables of the level
 * below alone, so that there are no loops; a writable mapping is a use as FRAME_WRITABLE, so that no table is writable.
 */
#include "para.h"
#include "rings.h"
#include "tables.h"

static struct frame *frame_of(const struct t64_guest *guest, u64 number)
{
    return &guest->host->frames.all[number];
}

bool tables_owns(const struct t64_guest *guest, u64 number)
{
    return number < guest->host->frames.total && frame_of(guest, number)->owner == guest->owner;
}

static u64 *entries_of(const struct t64_guest *guest, u32 table)
{
    return (u64 *)frames_bytes(&guest->host->frames, table);
}

/* Entries that are the guest's: the last slot of a root is the monitor's. */
static u32 entries_in(u32 level) { return level == FRAME_LEVEL2 ? MONITOR_ROOT_SLOT : PAGE_ENTRIES; }

static u32 entry_frame(u64 entry) { return (u32)((entry & PTE_FRAME) >> FRAME_SHIFT); }

static bool is_leaf(u64 entry) { return entry & (PTE_R | PTE_W | PTE_X); }

/* Reserved bits, and forms that do not exist at this level. */
static bool is_well_formed(u64 entry, u32 level)
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
    int error = entry & PTE_W ? tables_get(guest, frame, FRAME_WRITABLE) : 0;
    frame_of(guest, frame)->mappings += !error;
    return error;
}

static int get_entry(struct t64_guest *guest, u64 entry, u32 level)
{
    if (!(entry & PTE_V))
        return 0;
    if (!is_well_formed(entry, level))
        return -HYPERCALL_ERROR_INVAL;
    u64 frame = (entry & PTE_FRAME) >> FRAME_SHIFT;
    return level == FRAME_LEVEL0 ? get_leaf(guest, entry) : tables_get(guest, frame, level - 1);
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
        tables_put(guest, frame);
}

static void put_entry(struct t64_guest *guest, t64_hpa at, u64 entry, u32 level)
{
    if (!(entry & PTE_V))
        return;
    if (level == FRAME_LEVEL0)
        put_leaf(guest, at, entry);
    else
        tables_put(guest, entry_frame(entry));
}

static void put_entries(struct t64_guest *guest, u32 table, u32 level, u32 count)
{
    const u64 *entries = entries_of(guest, table);
    for (u32 i = 0; i < count; i++)
        put_entry(guest, entry_at(table, i), entries[i], level);
}

/* Is it the entry of a grant map, as the books have it? Tables are checked anew with such in them. */
static bool is_grant_map(struct t64_guest *guest, t64_hpa at, u64 entry)
{
    const struct grant_map *map = entry & PTE_V ? grants_find(guest, at) : NULL;
    u64 rights = PTE_V | PTE_R | PTE_U | PTE_A | PTE_D | (map && map->writable ? PTE_W : 0);
    return map && entry_frame(entry) == map->frame && is_leaf(entry) && !(entry & ~(rights | PTE_FRAME));
}

/* The table's own type is set already, so that no entry of it can make it something else. */
static int validate(struct t64_guest *guest, u32 table, u32 level)
{
    const u64 *entries = entries_of(guest, table);
    for (u32 i = 0; i < entries_in(level); i++) {
        if (level == FRAME_LEVEL0 && guest->para->maps_used && is_grant_map(guest, entry_at(table, i), entries[i]))
            continue;
        int error = get_entry(guest, entries[i], level);
        if (error) {
            put_entries(guest, table, level, i);
            return error;
        }
    }
    return 0;
}

static void write_entry(struct t64_guest *guest, t64_hpa at, u64 value)
{
    *host_entry(guest->host, at) = value;
    host_memory_changed(guest->host, at, sizeof value);
}

/* A root of its own may be used by users too: the window is not in it before it is the kernel's. */
static void clear_monitor_slot(struct t64_guest *guest, u32 root)
{
    write_entry(guest, (t64_hpa){frame_address(root).at + 8 * MONITOR_ROOT_SLOT}, 0);
}

static int become(struct t64_guest *guest, u32 number, enum frame_type type)
{
    struct frame *frame = frame_of(guest, number);
    frame->type = type;
    frame->count = 1;
    int error = type <= FRAME_LEVEL2 ? validate(guest, number, type) : 0;
    if (error) {
        frame->type = FRAME_UNTYPED;
        frame->count = 0;
    } else if (type == FRAME_LEVEL2) {
        clear_monitor_slot(guest, number);
    }
    if (type <= FRAME_LEVEL2)
        guest->para->flush = true; /* it may have been writable before, and the hardware may remember that */
    return error;
}

int tables_get(struct t64_guest *guest, u64 number, enum frame_type type)
{
    if (!tables_owns(guest, number))
        return -HYPERCALL_ERROR_PERM;
    struct frame *frame = frame_of(guest, number);
    if (!frame->count)
        return become(guest, (u32)number, type);
    if (frame->type != type)
        return -HYPERCALL_ERROR_BUSY;
    frame->count++;
    return 0;
}

void tables_put(struct t64_guest *guest, u32 number)
{
    struct frame *frame = frame_of(guest, number);
    if (--frame->count)
        return;
    u32 type = frame->type;
    if (type == FRAME_LEVEL2)
        clear_monitor_slot(guest, number);
    if (type <= FRAME_LEVEL2)
        put_entries(guest, number, type, entries_in(type));
    frame->type = FRAME_UNTYPED;
}

int tables_pin(struct t64_guest *guest, u64 number, u64 level)
{
    if (level > FRAME_LEVEL2)
        return -HYPERCALL_ERROR_INVAL;
    if (tables_owns(guest, number) && frame_of(guest, number)->pinned)
        return frame_of(guest, number)->type == level ? 0 : -HYPERCALL_ERROR_BUSY;
    int error = tables_get(guest, number, (enum frame_type)level);
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
    tables_put(guest, (u32)number);
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
    if ((at.at & (FRAME_SIZE - 1)) >> 3 >= entries_in(level))
        return -HYPERCALL_ERROR_PERM;
    int error = get_entry(guest, value, level);
    if (error)
        return error;
    u64 old = *host_entry(guest->host, at);
    write_entry(guest, at, value);
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
    u64 table = frame_address(guest->para->roots[PARA_KERNEL]).at;
    if (!is_canonical(gva))
        return (t64_hpa){T64_NOWHERE};
    for (u32 level = PAGE_LEVELS - 1; level > 0; level--) {
        u64 entry = *host_entry(guest->host, (t64_hpa){table + 8 * index_of(gva, level)});
        if (!(entry & PTE_V))
            return (t64_hpa){T64_NOWHERE};
        table = entry & PTE_FRAME;
    }
    return (t64_hpa){table + 8 * index_of(gva, 0)};
}

/* But for what others do with the frames. */
static void forget_types(struct t64_guest *guest)
{
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
        if (frame->pinned && tables_get(guest, guest->frames[page], (enum frame_type)(frame->pinned - 1))) {
            frame->pinned = 0;
            sound = false;
        }
    }
    return sound;
}

/* Those whose entry was written over, or is in a table no more. */
static void drop_lost_maps(struct t64_guest *guest)
{
    for (u32 i = 0; i < GRANT_MAPS; i++) {
        t64_hpa at = guest->para->maps[i].entry;
        if (!guest->para->maps[i].used)
            continue;
        bool in_table = frame_of(guest, at.at >> FRAME_SHIFT)->type == FRAME_LEVEL0;
        if (!in_table || !is_grant_map(guest, at, *host_entry(guest->host, at)))
            grants_release(guest, at);
    }
}

bool tables_recheck(struct t64_guest *guest, u32 roots[2])
{
    forget_types(guest);
    bool sound = take_pins(guest);
    for (u32 mode = 0; mode < 2; mode++)
        if (roots[mode] != FRAME_NONE && tables_get(guest, roots[mode], FRAME_LEVEL2)) {
            roots[mode] = FRAME_NONE;
            sound = false;
        }
    rings_recheck(guest);
    drop_lost_maps(guest);
    return sound;
}

void tables_forget(struct t64_guest *guest)
{
    forget_types(guest);
    for (u32 page = 0; page < guest->pages; page++)
        if (guest->frames[page] != FRAME_NONE)
            frame_of(guest, guest->frames[page])->pinned = 0;
}
