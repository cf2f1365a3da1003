/* The wire: on stdio, which has its buffers. */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { FAILED = 3, NO_ROOM };

_Noreturn static void end(int code, const char *text)
{
    fprintf(stderr, "worlds: %s\n", text);
    exit(code);
}

_Noreturn void fail(const char *text) { end(FAILED, text); }

_Noreturn void fail_for_room(const char *text) { end(NO_ROOM, text); }

u64 word(void)
{
    u64 value;
    if (fread(&value, sizeof value, 1, stdin) != 1)
        exit(0);
    return value;
}

u64 word_below(u64 limit)
{
    u64 value = word();
    if (value >= limit)
        fail("a number is too large");
    return value;
}

void say(u64 value) { fwrite(&value, sizeof value, 1, stdout); }

void say_words(const u64 *values, u64 count) { fwrite(values, sizeof *values, count, stdout); }

void say_bytes(const void *bytes, u64 size) { fwrite(bytes, 1, size, stdout); }

void say_all(void) { fflush(stdout); }
