/* The auditor of a paravirtual guest's frames: counts all uses anew, from the tables themselves, against the books. */
#include "para.h"
#include "tables.h"

#include <stdlib.h>

struct audit {
    const struct t64_guest *guest;
    u64 *uses; /* found, by page */
    bool sound;
};

static const struct frame *frame_at(const struct audit *audit, u64 number)
{
    return &audit->guest->host->frames.all[number];
}

/* Note a use of a frame as this type, or as FRAME_UNTYPED for one that is only read. */
static void note_use(struct audit *audit, u64 number, u32 type)
{
    bool owned = number < audit->guest->host->frames.total && frame_at(audit, number)->owner == audit->guest->owner;
    audit->sound &= owned && (type == FRAME_UNTYPED || frame_at(audit, number)->type == type);
    if (owned && type != FRAME_UNTYPED)
        audit->uses[frame_at(audit, number)->page]++;
}

static u32 type_of_use(u64 entry, u32 level)
{
    if (level != FRAME_LEVEL0)
        return level - 1;
    return entry & PTE_W ? FRAME_WRITABLE : FRAME_UNTYPED;
}

static void count_table(struct audit *audit, u32 table, u32 level)
{
    const u64 *entries = (const u64 *)frames_bytes(&audit->guest->host->frames, table);
    u32 count = level == FRAME_LEVEL2 ? MONITOR_ROOT_SLOT : PAGE_ENTRIES;
    for (u32 i = 0; i < count; i++)
        if (entries[i] & PTE_V)
            note_use(audit, (entries[i] & PTE_FRAME) >> FRAME_SHIFT, type_of_use(entries[i], level));
}

static void count_all(struct audit *audit)
{
    const struct t64_guest *guest = audit->guest;
    for (u32 page = 0; page < guest->pages; page++) {
        const struct frame *frame = frame_at(audit, guest->frames[page]);
        audit->uses[page] += frame->pinned != 0;
        if (frame->count && frame->type <= FRAME_LEVEL2)
            count_table(audit, guest->frames[page], frame->type);
    }
    for (u32 mode = 0; mode < 2; mode++)
        if (guest->para->roots[mode] != FRAME_NONE)
            note_use(audit, guest->para->roots[mode], FRAME_LEVEL2);
}

static void compare_books(struct audit *audit)
{
    for (u32 page = 0; page < audit->guest->pages; page++) {
        const struct frame *frame = frame_at(audit, audit->guest->frames[page]);
        audit->sound &= frame->count == audit->uses[page] && (frame->count != 0) == (frame->type != FRAME_UNTYPED);
        audit->sound &= !frame->pinned || frame->type == frame->pinned - 1;
        audit->sound &= frame->owner == audit->guest->owner && frame->page == page;
    }
}

int t64_guest_audit(t64_vm *vm)
{
    struct t64_guest *guest = guest_of(vm);
    if (!guest->para)
        return T64_OK;
    struct audit audit = {.guest = guest, .uses = calloc(guest->pages, sizeof(u64)), .sound = true};
    if (!audit.uses)
        return T64_ERROR_MEMORY;
    count_all(&audit);
    compare_books(&audit);
    free(audit.uses);
    return audit.sound ? T64_OK : T64_ERROR_VALUE;
}
