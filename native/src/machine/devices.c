/* What all devices with an interrupt have in common: time and interrupts, row by row. */
#include "machine/devices.h"

struct row {
    u64 interrupt; /* its bit of ipend */
    bool (*pending)(const struct t64_devices *devices);
    struct t64_instant (*next)(const struct t64_devices *devices, u64 time);
    void (*advance)(struct t64_devices *devices, u64 time);
};

static const struct row rows[] = {
#define ROW(name, NAME, ...) {IPEND_##NAME, __VA_ARGS__},
    T64_DEVICES(ROW)
#undef ROW
};

/* Unrolled, for the compiler to see each row: its calls are then direct, and what is NULL costs nothing. */
#define EACH_ROW(row) _Pragma("GCC unroll 16") for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++)

void devices_advance(struct t64_devices *devices, u64 time)
{
    EACH_ROW(row)
        if (row->advance)
            row->advance(devices, time);
}

u64 devices_pending(const struct t64_devices *devices)
{
    u64 bits = 0;
    EACH_ROW(row)
        bits |= row->pending(devices) ? row->interrupt : 0;
    return bits;
}

struct t64_instant devices_next(const struct t64_devices *devices, u64 time)
{
    struct t64_instant next = T64_NEVER;
    EACH_ROW(row)
        if (row->next)
            next = instant_nearer(next, row->next(devices, time), time);
    return next;
}

u64 devices_next_bits(const struct t64_devices *devices)
{
    u64 bits = 0;
    EACH_ROW(row)
        bits |= row->next && row->next(devices, 0).comes ? row->interrupt : 0;
    return bits;
}
