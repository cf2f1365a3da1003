/* The console: a ring of input that the host fills, a buffer of output that it drains. */
#include "machine/devices.h"

enum { STATUS_BYTE = 1, STATUS_END = 2 };

/* A stream's next byte, or its end, must be known before the guest may look. */
static bool unknown(const struct t64_console *console)
{
    return !console->live && !console->input_used && !console->ended;
}

bool console_is_sound(const struct t64_console *console)
{
    return console->output_used <= CONSOLE_OUTPUT_SIZE && console->input_head < CONSOLE_INPUT_SIZE &&
           console->input_used <= CONSOLE_INPUT_SIZE;
}

bool console_pending(const struct t64_devices *devices)
{
    const struct t64_console *console = &devices->console;
    return console->input_used || (console->ended ? !console->end_read : !console->live);
}

int in_console_in(struct t64_devices *devices, u64 time, u64 *value)
{
    (void)time;
    struct t64_console *console = &devices->console;
    if (unknown(console))
        return T64_STOP_INPUT;
    if (console->input_used) {
        *value = console->input[console->input_head];
        console->input_head = (console->input_head + 1) % CONSOLE_INPUT_SIZE;
        console->input_used--;
        return PORT_DONE;
    }
    *value = console->ended ? (u64)-2 : (u64)-1;
    console->end_read |= console->ended;
    return PORT_DONE;
}

int in_console_stat(struct t64_devices *devices, u64 time, u64 *value)
{
    (void)time;
    struct t64_console *console = &devices->console;
    if (unknown(console))
        return T64_STOP_INPUT;
    *value = console->input_used ? STATUS_BYTE : console->ended ? STATUS_END : 0;
    return PORT_DONE;
}

int out_console_out(struct t64_devices *devices, u64 after, u64 value)
{
    (void)after;
    struct t64_console *console = &devices->console;
    if (console->output_used == CONSOLE_OUTPUT_SIZE)
        return T64_STOP_OUTPUT;
    console->output[console->output_used++] = (u8)value;
    return PORT_DONE;
}
