/* The disk's write cache: what a power cut may undo, as what the sectors written since the last flush held before. */
#include <string.h>

#include "machine/disk.h"

_Static_assert(sizeof((struct t64_disk_write){0}.before) == SECTOR_SIZE, "a write is of one sector");

struct t64_disk_write *disk_waiting(const struct t64_disk *disk, u64 number)
{
    return &disk->writes[(disk->first + number) % DISK_CACHE_WRITES];
}

/* Where there is no room the oldest one gives way: it is on the medium. */
static void note(struct t64_disk *disk, u64 sector)
{
    if (disk->waiting == DISK_CACHE_WRITES) {
        disk->first = (disk->first + 1) % DISK_CACHE_WRITES;
        disk->waiting--;
    }
    struct t64_disk_write *write = disk_waiting(disk, disk->waiting++);
    write->sector = sector;
    memcpy(write->before, disk->data + sector * SECTOR_SIZE, SECTOR_SIZE);
}

void disk_note_writes(struct t64_disk *disk, u64 sector, u64 count)
{
    disk->dirty = true;
    disk->written++;
    if (disk->marks)
        memset(disk->marks + sector, 1, count);
    for (; disk->writes && count; sector++, count--)
        note(disk, sector);
}

void disk_flush(struct t64_disk *disk) { disk->first = disk->waiting = 0; }
