/* The disk: 512-byte sectors by programmed I/O; data moves when a command completes. */
#include <string.h>

#include "machine/devices.h"

enum { COMMAND_NONE, COMMAND_READ, COMMAND_WRITE, COMMAND_FLUSH };
enum { STATUS_BUSY = 1, STATUS_DONE = 2, STATUS_FAILED = 4 };
enum { UNITS = SECTOR_SIZE / 8 };

static bool can_do(const struct t64_disk *disk, u64 command)
{
    if (command == COMMAND_FLUSH)
        return disk->sectors > 0;
    bool known = command == COMMAND_READ || (command == COMMAND_WRITE && disk->writable);
    return known && disk->sector < disk->sectors;
}

static void carry_out(struct t64_disk *disk)
{
    switch (disk->command) {
    case COMMAND_READ: memcpy(disk->buffer, disk->data + disk->target * SECTOR_SIZE, SECTOR_SIZE); break;
    case COMMAND_WRITE:
        disk_note_writes(disk, disk->target, 1);
        memcpy(disk->data + disk->target * SECTOR_SIZE, disk->buffer, SECTOR_SIZE);
        break;
    case COMMAND_FLUSH: disk_flush(disk); break;
    default: disk->failed = true;
    }
}

static void complete(struct t64_disk *disk)
{
    carry_out(disk);
    disk->busy = false;
    disk->done = true;
    disk->position = 0;
}

bool disk_is_sound(const struct t64_disk *disk)
{
    bool moves_data = disk->busy && (disk->command == COMMAND_READ || disk->command == COMMAND_WRITE);
    bool may_move = disk->target < disk->sectors && (disk->command == COMMAND_READ || disk->writable);
    return disk->position < UNITS && disk->command <= COMMAND_FLUSH && (!moves_data || may_move) &&
           disk->waiting <= (disk->writable ? disk->cache : 0);
}

bool disk_pending(const struct t64_devices *devices) { return devices->disk.done || devices->rings.disk.raised; }

struct t64_instant disk_next(const struct t64_devices *devices, u64 time)
{
    struct t64_instant port = devices->disk.busy ? instant_at(devices->disk.ready) : T64_NEVER;
    return instant_nearer(port, disk_ring_next(&devices->rings.disk), time);
}

void disk_advance(struct t64_devices *devices, u64 time)
{
    struct t64_disk *disk = &devices->disk;
    u64 elapsed = time - (disk->ready - disk->latency); /* right even where time starts again from 0 */
    if (disk->busy && elapsed >= disk->latency)
        complete(disk);
}

int in_disk_sectors(struct t64_devices *devices, u64 time, u64 *value)
{
    (void)time;
    *value = devices->disk.sectors;
    return PORT_DONE;
}

int in_disk_sector(struct t64_devices *devices, u64 time, u64 *value)
{
    (void)time;
    *value = devices->disk.sector;
    return PORT_DONE;
}

int in_disk_status(struct t64_devices *devices, u64 time, u64 *value)
{
    (void)time;
    const struct t64_disk *disk = &devices->disk;
    *value = (disk->busy ? STATUS_BUSY : 0) | (disk->done ? STATUS_DONE : 0) | (disk->failed ? STATUS_FAILED : 0);
    return PORT_DONE;
}

int in_disk_data(struct t64_devices *devices, u64 time, u64 *value)
{
    (void)time;
    struct t64_disk *disk = &devices->disk;
    memcpy(value, disk->buffer + disk->position * 8, 8);
    disk->position = (disk->position + 1) % UNITS;
    return PORT_DONE;
}

int out_disk_sector(struct t64_devices *devices, u64 after, u64 value)
{
    (void)after;
    devices->disk.sector = value;
    return PORT_DONE;
}

int out_disk_command(struct t64_devices *devices, u64 after, u64 value)
{
    struct t64_disk *disk = &devices->disk;
    if (disk->busy) {
        disk->failed = true;
        return PORT_DONE;
    }
    disk->busy = true;
    disk->command = can_do(disk, value) ? value : COMMAND_NONE;
    disk->target = disk->sector;
    disk->ready = after + disk->latency;
    disk->position = 0;
    return PORT_DONE;
}

int out_disk_status(struct t64_devices *devices, u64 after, u64 value)
{
    (void)after, (void)value;
    devices->disk.done = devices->disk.failed = false;
    devices->rings.disk.raised = false;
    return PORT_DONE;
}

int out_disk_data(struct t64_devices *devices, u64 after, u64 value)
{
    (void)after;
    struct t64_disk *disk = &devices->disk;
    memcpy(disk->buffer + disk->position * 8, &value, 8);
    disk->position = (disk->position + 1) % UNITS;
    return PORT_DONE;
}
