/* The devices behind the ports of one computer: console, power, clock, disk. Pure state: time is what they are told. */
#ifndef T64_DEVICES_H
#define T64_DEVICES_H

#include "base/instant.h"
#include "base/types.h"
#include "machine/ring_state.h"

enum { CONSOLE_OUTPUT_SIZE = 16384, CONSOLE_INPUT_SIZE = 4096 };

struct t64_console {
    u8 output[CONSOLE_OUTPUT_SIZE];
    u32 output_used;
    u8 input[CONSOLE_INPUT_SIZE]; /* a ring */
    u32 input_head, input_used;
    bool live;     /* a terminal: what has not been brought is not there */
    bool ended;    /* the host has said that no more comes */
    bool end_read; /* the guest has been told so */
};

struct t64_disk {
    u8 *data; /* the host's */
    u64 sectors;
    bool writable, dirty;
    u64 latency;
    u8 buffer[512];
    u32 position; /* in 8-byte units */
    u64 sector;
    bool busy, done, failed;
    u64 command, target; /* of the command under way */
    u64 ready;           /* time of its completion */
};

struct t64_devices {
    struct t64_console console;
    struct t64_disk disk;
    struct t64_rings rings;
    u64 clock_base;
    bool powered_off;
    u64 exit_code;
};

/* What an access to a port comes to, where it is no stop (enum t64_stop): switched off, or nothing happened yet, for input or
 * room for output has to come first. */
enum { PORT_DONE = -1, PORT_ILLEGAL = -2 /* no such port, or not in that direction */ };

int port_in(struct t64_devices *devices, u64 time, i32 port, u64 *value);
/* `after` is the time after the `out` has retired. */
int port_out(struct t64_devices *devices, u64 after, i32 port, u64 value);

/* Bring devices up to `time`: completes a disk command that is due. */
void devices_advance(struct t64_devices *devices, u64 time);
/* Device bits of ipend, after devices_advance. A stream's console is pending until its end was read. */
u64 devices_pending(const struct t64_devices *devices);
/* The next device event after `time`. */
struct t64_instant devices_next(const struct t64_devices *devices, u64 time);
/* The ipend bits that this event will raise. */
u64 devices_next_bits(const struct t64_devices *devices);

#endif
