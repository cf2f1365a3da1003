/* The wire: words of 64 bits that are asked on the standard input, and answered on the standard output. */
#ifndef T64_WORLDS_WIRE_H
#define T64_WORLDS_WIRE_H

#include "base/types.h"

/* The process ends where there is no more to read. */
u64 word(void);
u64 word_below(u64 limit);
void say(u64 value);
void say_words(const u64 *values, u64 count);
void say_bytes(const void *bytes, u64 size);
void say_all(void);

/* End with one line on the standard error. */
_Noreturn void fail(const char *text);
/* Likewise, where no more than room is missing. */
_Noreturn void fail_for_room(const char *text);

#endif
