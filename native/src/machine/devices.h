/* The devices behind the ports of one computer: console, power, clock, disk. Pure state: time is what they are told. */
#ifndef T64_DEVICES_H
#define T64_DEVICES_H

#include "base/instant.h"
#include "base/types.h"
#include "machine/console.h"
#include "machine/disk.h"
#include "machine/ring_state.h"

/* Those with an interrupt: X(member, as its interrupt is named, is it pending, when will it be, what time does to it). NULL: never, or
 * nothing. What a snapshot has of each, its header says in NAME_CONSTANTS, which must be the same already, NAME_FIELDS and
 * NAME_BYTES, and member_is_sound looks at what was loaded. */
#define T64_DEVICES(X) \
    X(console, CONSOLE, console_pending, NULL, NULL) \
    X(disk, DISK, disk_pending, disk_next, disk_advance)

struct t64_devices {
#define MEMBER(name, ...) struct t64_##name name;
    T64_DEVICES(MEMBER)
#undef MEMBER
    struct t64_rings rings;
    u64 clock_base;
    u64 exit_code; /* once switched off */
};

/* What an access to a port comes to, where it is no stop (enum t64_stop): switched off, or nothing happened yet, for input or
 * room for output has to come first. */
enum { PORT_DONE = -1, PORT_ILLEGAL = -2 /* no such port, or not in that direction */ };

int port_in(struct t64_devices *devices, u64 time, i32 port, u64 *value);
/* `after` is the time after the `out` has retired. */
int port_out(struct t64_devices *devices, u64 after, i32 port, u64 value);

/* What a port does, by its declared name, in the file of its device. */
#define PROTOTYPE(name, ...) int in_##name(struct t64_devices *devices, u64 time, u64 *value);
T64_PORTS_IN(PROTOTYPE)
#undef PROTOTYPE
#define PROTOTYPE(name, ...) int out_##name(struct t64_devices *devices, u64 after, u64 value);
T64_PORTS_OUT(PROTOTYPE)
#undef PROTOTYPE

/* Bring devices up to `time`: completes a disk command that is due. */
void devices_advance(struct t64_devices *devices, u64 time);
/* Device bits of ipend, after devices_advance. */
u64 devices_pending(const struct t64_devices *devices);
/* The next device event after `time`. */
struct t64_instant devices_next(const struct t64_devices *devices, u64 time);
/* The ipend bits that such events will raise. */
u64 devices_next_bits(const struct t64_devices *devices);

#endif
