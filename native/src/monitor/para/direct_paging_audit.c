/* The auditor of paravirtual guests' frames: counts all uses anew, from the tables themselves, against the books. */
#include "monitor/para/para.h"
#include "monitor/rings/rings.h"

#include <stdlib.h>
#include <string.h>

/* What is found of one frame. */
struct uses {
    u64 count, mappings;
    u32 grants, maps, writable_maps;
};

struct audit {
    struct t64_guest *guest; /* the one under audit */
    struct uses *uses;       /* by frame of the host */
    bool sound;
};

static const struct frame *frame_at(const struct audit *audit, u64 number)
{
    return &audit->guest->host->frames.all[number];
}

static void require(struct audit *audit, bool claim) { audit->sound &= claim; }

/* Note a use of a frame as this type. */
static void note_use(struct audit *audit, u64 number, u32 type)
{
    bool owned = tables_owns(audit->guest, number);
    require(audit, owned && frame_at(audit, number)->type == type);
    if (owned)
        audit->uses[number].count++;
}

/* An entry that names a foreign frame is that of a map. */
static void note_foreign(struct audit *audit, t64_hpa at, u64 entry)
{
    const struct grant_map *map = grants_find(audit->guest, at);
    require(audit, map && (entry & PTE_FRAME) >> FRAME_SHIFT == map->frame && (!(entry & PTE_W) || map->writable));
}

static void note_leaf(struct audit *audit, t64_hpa at, u64 entry)
{
    u64 number = (entry & PTE_FRAME) >> FRAME_SHIFT;
    if (!tables_owns(audit->guest, number)) {
        note_foreign(audit, at, entry);
        return;
    }
    require(audit, !grants_find(audit->guest, at));
    audit->uses[number].mappings++;
    if (entry & PTE_W)
        note_use(audit, number, FRAME_WRITABLE);
}

static void count_table(struct audit *audit, u32 table, u32 level)
{
    const u64 *entries = (const u64 *)(const void *)frames_bytes(&audit->guest->host->frames, table);
    u32 count = level == FRAME_LEVEL2 ? MONITOR_ROOT_SLOT : PAGE_ENTRIES;
    for (u32 i = 0; i < count; i++) {
        if (!(entries[i] & PTE_V))
            continue;
        if (level == FRAME_LEVEL0)
            note_leaf(audit, (t64_hpa){frame_address(table).at + 8 * i}, entries[i]);
        else
            note_use(audit, (entries[i] & PTE_FRAME) >> FRAME_SHIFT, level - 1);
    }
}

static void count_own(struct audit *audit)
{
    const struct t64_guest *guest = audit->guest;
    for (u32 page = 0; page < guest->pages; page++) {
        u32 number = guest->frames[page];
        if (number == FRAME_NONE)
            continue;
        const struct frame *frame = frame_at(audit, number);
        audit->uses[number].count += frame->pinned != 0;
        if (frame->count && frame->type <= FRAME_LEVEL2)
            count_table(audit, number, frame->type);
    }
    for (u32 mode = 0; mode < 2; mode++)
        if (guest->domain->roots[mode] != FRAME_NONE)
            note_use(audit, guest->domain->roots[mode], FRAME_LEVEL2);
    for (u64 ring = 0; ring < RING_COUNT; ring++)
        if (rings_frame(guest, ring) != FRAME_NONE)
            note_use(audit, rings_frame(guest, ring), FRAME_WRITABLE);
    for (u32 i = 0; i < GRANTS; i++)
        if (guest->domain->grants[i].domain)
            audit->uses[guest->domain->grants[i].frame].grants++;
}

static void count_map(struct audit *audit, const struct grant_map *map)
{
    struct uses *uses = &audit->uses[map->frame];
    uses->maps++;
    uses->writable_maps += map->writable;
    uses->count += map->writable;
}

/* All domains' maps, and the grants that they are of: this guest's may be some of them, and it may have some. */
static void count_maps(struct audit *audit)
{
    u32 granted[GRANTS] = {0};
    for (struct t64_guest *other = audit->guest->host->guests; other; other = other->next)
        for (u32 i = 0; other->domain && i < GRANT_MAPS; i++) {
            const struct grant_map *map = &other->domain->maps[i];
            if (!map->used)
                continue;
            count_map(audit, map);
            if (map->granter == guest_id(audit->guest))
                granted[map->reference]++;
        }
    for (u32 i = 0; i < GRANTS; i++)
        require(audit, audit->guest->domain->grants[i].maps == granted[i]);
}

static void compare_frame(struct audit *audit, u32 page)
{
    u32 number = audit->guest->frames[page];
    const struct frame *frame = frame_at(audit, number);
    const struct uses *uses = &audit->uses[number];
    require(audit, frame->count == uses->count && (frame->count != 0) == (frame->type != FRAME_UNTYPED));
    require(audit, frame->mappings == uses->mappings && frame->grants == uses->grants);
    require(audit, frame->maps == uses->maps && frame->writable_maps == uses->writable_maps);
    require(audit, !frame->writable_maps || frame->type == FRAME_WRITABLE);
    require(audit, !frame->pinned || frame->type == frame->pinned - 1);
    require(audit, frame->owner == audit->guest->owner && frame->page == page);
}

/* A map's entry is in a table of the mapper's, and its frame is its granter's, or nobody's any more. */
static void compare_map(struct audit *audit, const struct grant_map *map)
{
    u64 table = map->entry.at >> FRAME_SHIFT;
    u64 entry = host_entry(audit->guest->host, map->entry);
    u32 owner = frame_at(audit, map->frame)->owner;
    require(audit, tables_owns(audit->guest, table) && frame_at(audit, table)->type == FRAME_LEVEL0);
    require(audit, entry & PTE_V && (entry & PTE_FRAME) >> FRAME_SHIFT == map->frame);
    require(audit, owner == FRAME_ORPHAN || owner == map->granter + FRAME_MONITOR);
}

static void compare_books(struct audit *audit)
{
    const struct domain *domain = audit->guest->domain;
    u32 used = 0;
    for (u32 page = 0; page < audit->guest->pages; page++)
        if (audit->guest->frames[page] != FRAME_NONE)
            compare_frame(audit, page);
    for (u32 i = 0; i < GRANT_MAPS; i++) {
        used += domain->maps[i].used;
        if (domain->maps[i].used)
            compare_map(audit, &domain->maps[i]);
    }
    require(audit, used == domain->maps_used);
}

int t64_guest_audit(t64_vm *vm)
{
    struct t64_guest *guest = guest_of(vm);
    if (!guest->domain)
        return T64_OK;
    if (trees_are_under_way(&guest->domain->trees))
        return T64_ERROR_BUSY;
    struct audit audit = {guest, calloc(guest->host->frames.total, sizeof(struct uses)), true};
    if (!audit.uses)
        return T64_ERROR_MEMORY;
    count_own(&audit);
    count_maps(&audit);
    compare_books(&audit);
    free(audit.uses);
    return audit.sound ? T64_OK : T64_ERROR_VALUE;
}
