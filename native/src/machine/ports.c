/* The ports of a computer: one row each, by the declared number. */
#include "machine/console.h"
#include "machine/disk.h"
#include "isa.h"

static int power_off(struct t64_devices *devices, u64 after, u64 value)
{
    (void)after;
    devices->powered_off = true;
    devices->exit_code = value;
    return T64_STOP_EXIT;
}

static int clock_read(struct t64_devices *devices, u64 time, u64 *value)
{
    *value = devices->clock_base + time;
    return PORT_DONE;
}

struct row {
    int (*in)(struct t64_devices *, u64 time, u64 *value);
    int (*out)(struct t64_devices *, u64 after, u64 value);
};

static const struct row ports[] = {
    [PORT_CONSOLE_OUT] = {NULL, console_out},
    [PORT_CONSOLE_IN] = {console_in, NULL},
    [PORT_CONSOLE_STAT] = {console_status, NULL},
    [PORT_POWER] = {NULL, power_off},
    [PORT_CLOCK] = {clock_read, NULL},
    [PORT_DISK_SECTORS] = {disk_sectors, NULL},
    [PORT_DISK_SECTOR] = {disk_chosen, disk_choose},
    [PORT_DISK_COMMAND] = {NULL, disk_command},
    [PORT_DISK_STATUS] = {disk_status, disk_acknowledge},
    [PORT_DISK_DATA] = {disk_load, disk_store},
};

static const struct row *find(i32 port)
{
    static const struct row none;
    bool there = port >= 0 && (size_t)port < sizeof ports / sizeof *ports;
    return there ? &ports[port] : &none;
}

int port_in(struct t64_devices *devices, u64 time, i32 port, u64 *value)
{
    const struct row *row = find(port);
    if (!row->in)
        return PORT_ILLEGAL;
    devices_advance(devices, time);
    return row->in(devices, time, value);
}

int port_out(struct t64_devices *devices, u64 after, i32 port, u64 value)
{
    const struct row *row = find(port);
    if (!row->out)
        return PORT_ILLEGAL;
    devices_advance(devices, after - 1); /* the `out` itself runs one tick before */
    return row->out(devices, after, value);
}

void devices_advance(struct t64_devices *devices, u64 time) { disk_advance(&devices->disk, time); }

u64 devices_pending(const struct t64_devices *devices)
{
    bool disk = devices->disk.done || devices->rings.disk.raised;
    return (console_pending(&devices->console) ? IPEND_CONSOLE : 0) | (disk ? IPEND_DISK : 0);
}

struct t64_instant devices_next(const struct t64_devices *devices, u64 time)
{
    struct t64_instant port = devices->disk.busy ? instant_at(devices->disk.ready) : T64_NEVER;
    return instant_nearer(port, disk_ring_next(&devices->rings.disk), time);
}

u64 devices_next_bits(const struct t64_devices *devices)
{
    return devices->disk.busy || disk_ring_works(&devices->rings.disk) ? IPEND_DISK : 0;
}
