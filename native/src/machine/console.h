/* The console. */
#ifndef T64_CONSOLE_H
#define T64_CONSOLE_H

#include "base/types.h"

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

#define CONSOLE_CONSTANTS(C)
#define CONSOLE_FIELDS(F) \
    F(devices.console.output_used) F(devices.console.input_head) F(devices.console.input_used) F(devices.console.ended) \
    F(devices.console.end_read)
#define CONSOLE_BYTES(B) B(devices.console.output) B(devices.console.input)

struct t64_devices;

bool console_is_sound(const struct t64_console *console);
/* A stream's is pending until its end was read. */
bool console_pending(const struct t64_devices *devices);

#endif
