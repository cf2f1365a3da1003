/* The ports of a computer, by their declared numbers; and the devices that are a port and no more. */
#include "machine/devices.h"

int out_power(struct t64_devices *devices, u64 after, u64 value)
{
    (void)after;
    devices->exit_code = value;
    return T64_STOP_EXIT;
}

int in_clock(struct t64_devices *devices, u64 time, u64 *value)
{
    *value = devices->clock_base + time;
    return PORT_DONE;
}

struct row {
    int (*in)(struct t64_devices *, u64 time, u64 *value);
    int (*out)(struct t64_devices *, u64 after, u64 value);
};

static const struct row ports[] = {
#define ROW(name, NAME) [PORT_##NAME].in = in_##name,
    T64_PORTS_IN(ROW)
#undef ROW
#define ROW(name, NAME) [PORT_##NAME].out = out_##name,
    T64_PORTS_OUT(ROW)
#undef ROW
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
