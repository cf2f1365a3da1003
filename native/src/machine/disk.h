/* The disk. */
#ifndef T64_DISK_H
#define T64_DISK_H

#include "base/instant.h"
#include "base/types.h"
#include "isa.h"

struct t64_disk {
    u8 *data;        /* the host's */
    const u8 *parts; /* the host's, too; NULL, or 0 where T64_DISK_PART bytes are zeros */
    u64 sectors;
    bool writable, dirty;
    u8 *marks;                     /* the host's; NULL, or of each sector: it was written */
    struct t64_disk_write *writes; /* the host's: the write cache, around its end; NULL: there is none */
    u64 cache;                     /* how many writes have room there */
    u64 first, waiting;            /* the oldest one's place, and how many there are */
    u64 written;                   /* how often, by commands and requests */
    u64 latency;
    u8 buffer[SECTOR_SIZE];
    u32 position; /* in 8-byte units */
    u64 sector;
    bool busy, done, failed;
    u64 command, target; /* of the command under way */
    u64 ready;           /* time of its completion */
};

#define DISK_CONSTANTS(C) C(devices.disk.sectors) C(devices.disk.latency) C(devices.disk.writable) C(devices.disk.cache)
#define DISK_FIELDS(F) \
    F(devices.disk.position) F(devices.disk.sector) F(devices.disk.busy) F(devices.disk.done) \
    F(devices.disk.failed) F(devices.disk.command) F(devices.disk.target) F(devices.disk.ready) F(devices.disk.waiting)
#define DISK_BYTES(B) B(devices.disk.buffer)

struct t64_devices;

bool disk_is_sound(const struct t64_disk *disk);
/* Its ring has the same interrupt. */
bool disk_pending(const struct t64_devices *devices);
struct t64_instant disk_next(const struct t64_devices *devices, u64 time);
void disk_advance(struct t64_devices *devices, u64 time);

/* To be called before these sectors change. */
void disk_note_writes(struct t64_disk *disk, u64 sector, u64 count);
/* All that was written is on the medium. */
void disk_flush(struct t64_disk *disk);
/* By number, from the oldest on. */
struct t64_disk_write *disk_waiting(const struct t64_disk *disk, u64 number);

#endif
