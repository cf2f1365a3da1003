/* Links: a pool, doubly linked lists, and a hash of places, so that any entry is taken out of its list at once. */
#include "monitor/shadow/reverse_map.h"

#include "hypercalls.h"
#include "isa.h"

#include <stdlib.h>
#include <string.h>

enum { LINKS_MINIMUM = 2048, LINKS_MAXIMUM = 1 << 17 };
_Static_assert(LINKS_MAXIMUM <= WORK_PIECE / 2, "all may be looked at in one exit");

/* A power of two: one for each page, as many again for tables and second mappings. */
static u32 links_wanted(u32 pages)
{
    u32 links = LINKS_MINIMUM;
    while (links < LINKS_MAXIMUM && links < 2 * pages)
        links *= 2;
    return links;
}

bool links_open(struct links *links, u32 pages)
{
    *links = (struct links){.capacity = links_wanted(pages), .free = LINK_NONE};
    links->all = calloc(links->capacity, sizeof *links->all);
    links->buckets = malloc(links->capacity * sizeof *links->buckets);
    if (!links->all || !links->buckets)
        return false;
    memset(links->buckets, 0xFF, links->capacity * sizeof *links->buckets); /* LINK_NONE everywhere */
    return true;
}

void links_close(struct links *links)
{
    free(links->all);
    free(links->buckets);
}

static u32 *bucket_of(const struct links *links, u32 table, u32 index)
{
    u32 place = (table * PAGE_ENTRIES + index) * 0x9E3779B1u; /* the golden section spreads what follows on another */
    return &links->buckets[(place >> 11) & (links->capacity - 1)];
}

/* Each that was ever used still says where it was. */
void links_forget(struct links *links)
{
    for (u32 link = 0; link < links->used; link++)
        *bucket_of(links, links->all[link].table, links->all[link].index) = LINK_NONE;
    links->used = links->taken = 0;
    links->free = LINK_NONE;
}

static u32 take(struct links *links)
{
    u32 link = links->free;
    if (link == LINK_NONE)
        link = links->used++;
    else
        links->free = links->all[link].next;
    links->taken++;
    return link;
}

void link_add(struct links *links, u32 *list, u32 table, u32 index)
{
    u32 link = take(links), *bucket = bucket_of(links, table, index);
    links->all[link] = (struct link){
        .table = table, .index = index, .next = *list, .previous = LINK_NONE, .next_in_bucket = *bucket};
    if (*list != LINK_NONE)
        links->all[*list].previous = link;
    *list = *bucket = link;
}

static u32 take_from_bucket(struct links *links, u32 table, u32 index)
{
    u32 *place = bucket_of(links, table, index);
    while (links->all[*place].table != table || links->all[*place].index != index)
        place = &links->all[*place].next_in_bucket;
    u32 link = *place;
    *place = links->all[link].next_in_bucket;
    return link;
}

void link_remove(struct links *links, u32 *list, u32 table, u32 index)
{
    u32 number = take_from_bucket(links, table, index);
    struct link *link = &links->all[number];
    if (link->next != LINK_NONE)
        links->all[link->next].previous = link->previous;
    if (link->previous != LINK_NONE)
        links->all[link->previous].next = link->next;
    else
        *list = link->next;
    link->next = links->free;
    links->free = number;
    links->taken--;
}
