/* The disk's side of the port table. */
#ifndef T64_DISK_H
#define T64_DISK_H

#include "machine/devices.h"

void disk_advance(struct t64_disk *disk, u64 time);
int disk_sectors(struct t64_devices *devices, u64 time, u64 *value);
int disk_chosen(struct t64_devices *devices, u64 time, u64 *value);
int disk_status(struct t64_devices *devices, u64 time, u64 *value);
int disk_load(struct t64_devices *devices, u64 time, u64 *value);
int disk_choose(struct t64_devices *devices, u64 after, u64 value);
int disk_command(struct t64_devices *devices, u64 after, u64 value);
int disk_acknowledge(struct t64_devices *devices, u64 after, u64 value);
int disk_store(struct t64_devices *devices, u64 after, u64 value);

#endif
