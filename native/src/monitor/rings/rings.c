/* Rings: which page of a guest's is one, and its header. */
#include "monitor/rings/rings.h"

#include "monitor/domain/direct_paging.h"
#include "monitor/domain/domain.h"

#include <string.h>

struct place {
    u64 *open, *page;
};

static struct place place_of(struct t64_guest *guest, u64 ring)
{
    struct t64_rings *rings = &guest->vm.devices.rings;
    if (ring == RING_DISK)
        return (struct place){&rings->disk.open, &rings->disk.page};
    return (struct place){&rings->console.open, &rings->console.page};
}

u32 rings_frame(const struct t64_guest *guest, u64 ring)
{
    const struct t64_rings *rings = &guest->vm.devices.rings;
    u64 open = ring == RING_DISK ? rings->disk.open : rings->console.open;
    u64 page = ring == RING_DISK ? rings->disk.page : rings->console.page;
    return open ? guest->frames[page >> FRAME_SHIFT] : FRAME_NONE;
}

/* A page of a paravirtual guest can be no table meanwhile, and stays its own. */
static int take_page(struct t64_guest *guest, u64 gpa)
{
    if (gpa % FRAME_SIZE)
        return -HYPERCALL_ERROR_INVAL;
    if (gpa >= guest->vm.phys.size || guest->frames[gpa >> FRAME_SHIFT] == FRAME_NONE)
        return -HYPERCALL_ERROR_PERM;
    return guest->domain ? tables_get_writable(guest, guest->frames[gpa >> FRAME_SHIFT]) : 0;
}

static void let_go(struct t64_guest *guest, u64 ring)
{
    u32 frame = rings_frame(guest, ring);
    if (frame != FRAME_NONE && guest->domain)
        tables_put_writable(guest, frame);
    if (ring == RING_DISK)
        guest->vm.devices.rings.disk = (struct t64_disk_ring){0};
    else
        guest->vm.devices.rings.console = (struct t64_console_ring){0};
}

static void write_header(struct t64_guest *guest, u64 ring, u64 gpa)
{
    static const struct t64_disk_ring_record disk = {.req_event = 1, .rsp_event = 1};
    static const struct t64_console_ring_record console;
    if (ring == RING_DISK)
        guest_write(guest, (t64_gpa){gpa}, &disk, sizeof disk);
    else
        guest_write(guest, (t64_gpa){gpa}, &console, sizeof console);
}

int rings_set_up(struct t64_guest *guest, u64 ring, u64 gpa)
{
    if (ring >= RING_COUNT)
        return -HYPERCALL_ERROR_INVAL;
    if (ring == RING_DISK && disk_ring_works(&guest->vm.devices.rings.disk))
        return -HYPERCALL_ERROR_BUSY;
    int error = gpa == T64_NOWHERE ? 0 : take_page(guest, gpa);
    if (error)
        return error;
    let_go(guest, ring);
    if (gpa == T64_NOWHERE)
        return 0;
    struct place place = place_of(guest, ring);
    *place.open = 1;
    *place.page = gpa;
    write_header(guest, ring, gpa);
    return 0;
}

void rings_close(struct t64_guest *guest)
{
    for (u64 ring = 0; ring < RING_COUNT; ring++)
        let_go(guest, ring);
}

void rings_recheck(struct t64_guest *guest)
{
    for (u64 ring = 0; ring < RING_COUNT; ring++) {
        struct place place = place_of(guest, ring);
        if (!*place.open || !take_page(guest, *place.page))
            continue;
        *place.open = 0;
        let_go(guest, ring);
    }
}

struct t64_instant rings_next(const struct t64_guest *guest, struct t64_instant event)
{
    return instant_nearer(disk_ring_next(&guest->vm.devices.rings.disk), event, vm_time(&guest->vm));
}
