/* The console's side of the port table. */
#ifndef T64_CONSOLE_H
#define T64_CONSOLE_H

#include "machine/devices.h"

bool console_pending(const struct t64_console *console);
int console_in(struct t64_devices *devices, u64 time, u64 *value);
int console_status(struct t64_devices *devices, u64 time, u64 *value);
int console_out(struct t64_devices *devices, u64 after, u64 value);

#endif
