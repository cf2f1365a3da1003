/* Grants: mapping and releasing, with the books of both sides. */
#include "monitor/domain/grants.h"

#include "monitor/domain/direct_paging.h"
#include "monitor/domain/domain.h"

static struct frame *frame_of(const struct t64_guest *guest, u32 number) { return &guest->host->frames.all[number]; }

static struct grant_map *free_map(struct t64_guest *guest)
{
    for (u32 i = 0; i < GRANT_MAPS; i++)
        if (!guest->domain->maps[i].used)
            return &guest->domain->maps[i];
    return NULL;
}

static u64 entry_for(u32 frame, bool writable)
{
    return frame_address(frame).at | PTE_V | PTE_R | PTE_U | (writable ? PTE_W : 0);
}

/* The grant, if it is the guest's to use so. */
static struct grant *grant_for(struct t64_guest *guest, struct t64_guest *granter, u64 reference, bool writable,
                               int *error)
{
    struct grant *grant = reference < GRANTS ? &granter->domain->grants[reference] : NULL;
    if (!grant || grant->domain != guest_id(guest)) {
        *error = -HYPERCALL_ERROR_NOENT;
        return NULL;
    }
    *error = writable && !grant->writable ? -HYPERCALL_ERROR_PERM : 0;
    return grant;
}

int grants_map(struct t64_guest *guest, struct t64_guest *granter, u64 reference, t64_hpa entry, bool writable)
{
    int error;
    struct grant *grant = grant_for(guest, granter, reference, writable, &error);
    struct grant_map *map = free_map(guest);
    if (!error && !map)
        error = -HYPERCALL_ERROR_NOMEM;
    if (!error && writable)
        error = tables_get_writable(granter, grant->frame);
    if (error)
        return error;
    *map = (struct grant_map){guest_id(granter), (u32)reference, grant->frame, entry, true, writable};
    guest->domain->maps_used++;
    grant->maps++;
    frame_of(guest, grant->frame)->maps++;
    frame_of(guest, grant->frame)->writable_maps += writable;
    host_store_entry(guest->host, entry, entry_for(grant->frame, writable));
    return 0;
}

struct grant_map *grants_find(struct t64_guest *guest, t64_hpa entry)
{
    struct grant_map *maps = guest->domain->maps;
    for (u32 i = 0; i < GRANT_MAPS && guest->domain->maps_used; i++)
        if (maps[i].used && maps[i].entry.at == entry.at)
            return &maps[i];
    return NULL;
}

/* A grant does not end before its maps, unless its domain dies. */
static void tell_granter(struct t64_guest *guest, const struct grant_map *map)
{
    struct t64_guest *granter = guest_of_domain(guest->host, map->granter);
    if (granter)
        granter->domain->grants[map->reference].maps--;
}

static void release(struct t64_guest *guest, struct grant_map *map)
{
    struct frame *frame = frame_of(guest, map->frame);
    tell_granter(guest, map);
    map->used = false;
    guest->domain->maps_used--;
    guest->domain->flush = true; /* the frame may soon hold something else */
    frame->maps--;
    frame->writable_maps -= map->writable;
    if (map->writable)
        tables_put_writable(guest, map->frame);
    if (frame->owner == FRAME_ORPHAN && !frame->maps)
        host_give_back(guest->host, map->frame);
}

void grants_release(struct t64_guest *guest, t64_hpa entry) { release(guest, grants_find(guest, entry)); }

void grants_end(struct t64_guest *guest, struct grant *grant)
{
    frame_of(guest, grant->frame)->grants--;
    *grant = (struct grant){0};
}

void grants_leave(struct t64_guest *guest)
{
    struct domain *domain = guest->domain;
    for (u32 i = 0; i < GRANT_MAPS; i++)
        if (domain->maps[i].used)
            release(guest, &domain->maps[i]);
    for (u32 i = 0; i < GRANTS; i++)
        if (domain->grants[i].domain)
            grants_end(guest, &domain->grants[i]);
}

bool grants_are_mapped(const struct t64_guest *guest)
{
    for (u32 page = 0; page < guest->pages; page++)
        if (guest->frames[page] != FRAME_NONE && frame_of(guest, guest->frames[page])->maps)
            return true;
    return false;
}
