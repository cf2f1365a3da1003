/* The disk's ring: requests are copied and checked one by one, and done one after another, each after the disk's latency.
 *
 * While the disk works the monitor looks at the ring after each request by itself, and asks for no doorbell.
 */
#include "monitor/domain/domain.h"
#include "monitor/rings/rings.h"

#include <string.h>

enum { NO_DOORBELL = DISK_SLOTS + 1 }; /* so far ahead that no request gets there */

static u64 field(const struct t64_guest *guest, u64 offset)
{
    u64 value = 0;
    phys_read(&guest->vm.phys, (t64_gpa){guest->vm.devices.rings.disk.page + offset}, &value, sizeof value);
    return value;
}

static void set_field(struct t64_guest *guest, u64 offset, u64 value)
{
    guest_write(guest, (t64_gpa){guest->vm.devices.rings.disk.page + offset}, &value, sizeof value);
}

#define FIELD(name) offsetof(struct t64_disk_ring_record, name)

/* A tick at least: a ring whose requests, as they are done, write further ones must let its guest's time go on. */
static u64 latency_of(const struct t64_guest *guest)
{
    u64 latency = guest->vm.devices.disk.latency;
    return latency ? latency : 1;
}

static t64_gpa slot(const struct t64_disk_ring *ring, u64 number)
{
    return (t64_gpa){ring->page + RING_DATA + number % DISK_SLOTS * DISK_SLOT_SIZE};
}

/* Copy what is new. False if there can be no such count. */
static bool take(struct t64_guest *guest, u64 now)
{
    struct t64_disk_ring *ring = &guest->vm.devices.rings.disk;
    u64 written = field(guest, FIELD(req_prod));
    if (written - ring->taken > DISK_SLOTS - (ring->taken - ring->answered))
        return false;
    if (!disk_ring_works(ring) && written != ring->taken)
        ring->ready = now + latency_of(guest);
    for (; ring->taken != written; ring->taken++) {
        struct t64_disk_request_record *request = &ring->requests[ring->taken % DISK_SLOTS];
        phys_read(&guest->vm.phys, slot(ring, ring->taken), request, sizeof *request);
    }
    set_field(guest, FIELD(req_event), ring->taken + (disk_ring_works(ring) ? NO_DOORBELL : 1));
    return true;
}

/* Doing one. */

static int check(const struct t64_guest *guest, const struct t64_disk_request_record *request)
{
    const struct t64_disk *disk = &guest->vm.devices.disk;
    bool writes_disk = request->operation == DISK_WRITE;
    if (request->operation == DISK_FLUSH)
        return disk->sectors ? 0 : -HYPERCALL_ERROR_IO;
    if (!writes_disk && request->operation != DISK_READ)
        return -HYPERCALL_ERROR_INVAL;
    if (!request->count || request->count > DISK_SECTORS_MAXIMUM || request->address % sizeof(u64))
        return -HYPERCALL_ERROR_INVAL;
    if (request->sector > disk->sectors || request->count > disk->sectors - request->sector)
        return -HYPERCALL_ERROR_IO;
    if (writes_disk && !disk->writable)
        return -HYPERCALL_ERROR_IO;
    bool there = guest_allows(guest, (t64_gpa){request->address}, request->count * SECTOR_SIZE, !writes_disk);
    return there ? 0 : -HYPERCALL_ERROR_FAULT;
}

static int perform(struct t64_guest *guest, const struct t64_disk_request_record *request)
{
    struct t64_disk *disk = &guest->vm.devices.disk;
    int error = check(guest, request);
    if (error)
        return error;
    if (request->operation == DISK_FLUSH) {
        disk_flush(disk);
        return 0;
    }
    host_note_work(guest->host, WORK_PAGE * (1 + request->count * SECTOR_SIZE / FRAME_SIZE));
    guest->vm.work[T64_WORK_RING_SECTORS] += request->count;
    u8 *sectors = disk->data + request->sector * SECTOR_SIZE;
    t64_gpa at = {request->address};
    if (request->operation == DISK_WRITE) {
        disk_note_writes(disk, request->sector, request->count);
        phys_read(&guest->vm.phys, at, sectors, request->count * SECTOR_SIZE);
    } else {
        guest_write(guest, at, sectors, request->count * SECTOR_SIZE);
    }
    return 0;
}

static void answer(struct t64_guest *guest)
{
    struct t64_disk_ring *ring = &guest->vm.devices.rings.disk;
    const struct t64_disk_request_record *request = &ring->requests[ring->answered % DISK_SLOTS];
    struct t64_disk_response_record response = {.id = request->id, .status = (u64)(i64)perform(guest, request)};
    guest_write(guest, slot(ring, ring->answered), &response, sizeof response);
    host_note_work(guest->host, WORK_PAGE);
    ring->answered++;
    guest->vm.work[T64_WORK_RING_REQUESTS]++;
    set_field(guest, FIELD(rsp_prod), ring->answered);
    if (field(guest, FIELD(rsp_event)) == ring->answered)
        ring->raised = 1;
}

/* As an event it needs no acknowledging. */
static void raise(struct t64_guest *guest)
{
    struct t64_disk_ring *ring = &guest->vm.devices.rings.disk;
    if (!ring->raised || !guest->domain || !guest->domain->virq_ports[VIRQ_DISK])
        return;
    events_raise_virqs(guest, IPEND_DISK);
    ring->raised = 0;
}

/* By distance: right even where time starts again from 0. */
bool disk_ring_is_due(const struct t64_guest *guest, u64 now)
{
    const struct t64_disk_ring *ring = &guest->vm.devices.rings.disk;
    u64 latency = latency_of(guest);
    return disk_ring_works(ring) && now - (ring->ready - latency) >= latency;
}

static void do_one(struct t64_guest *guest)
{
    struct t64_disk_ring *ring = &guest->vm.devices.rings.disk;
    u64 done = ring->ready;
    answer(guest);
    ring->ready = done + latency_of(guest);
    if (!take(guest, done)) /* a guest that writes nonsense is told so at its next doorbell */
        set_field(guest, FIELD(req_event), ring->taken + 1);
}

_Static_assert(WORK_PAGE * (2 + DISK_SECTORS_MAXIMUM * SECTOR_SIZE / FRAME_SIZE) <= WORK_PIECE / 8, "a request is done at a stretch");

bool disk_ring_advance(struct t64_guest *guest, u64 now)
{
    if (!disk_ring_is_due(guest, now))
        return true;
    do
        do_one(guest);
    while (disk_ring_is_due(guest, now) && !host_is_spent(guest->host));
    raise(guest);
    return !disk_ring_is_due(guest, now);
}

int disk_ring_look(struct t64_guest *guest, u64 now)
{
    if (!guest->vm.devices.rings.disk.open)
        return -HYPERCALL_ERROR_INVAL;
    guest->vm.devices.rings.disk.raised = 0;
    return take(guest, now) ? 0 : -HYPERCALL_ERROR_INVAL;
}
