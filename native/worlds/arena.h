/* The arena: all memory of the core's, at one place, so that a world is a run of bytes: copied, compared, named by a key, put back. */
#ifndef T64_WORLDS_ARENA_H
#define T64_WORLDS_ARENA_H

#include "keys.h"

enum { BLOCK_SIZE = 512, BLOCK_WORDS = BLOCK_SIZE / 8 };

/* From now on malloc, calloc, free, mmap and munmap of the core have their memory there. */
void arena_open(void);

/* Of an access that faulted: was it the first store to a page of the arena, which is allowed now? */
bool arena_admits(const void *address);

/* Memory that is no part of any world, all zero: of those who look at them. */
void *outside(u64 size);
void outside_free(void *memory, u64 size);

/* The world as it is now is marked: the one that arena_return goes back to. arena_unmark goes back to the one marked before. */
void arena_mark(void);
void arena_unmark(void);
void arena_return(void);
/* It is marked, and nothing is before it. */
void arena_take_root(void);

/* Find what differs from the marked world, which arena_return undoes, and the key of all bytes as they are now. */
struct key arena_compare(void);
/* Of a run of bytes: may it differ from the marked world? */
bool arena_differs(const void *bytes, u64 size);
/* The key of the bytes at a block's beginning, as of the last look. */
struct key arena_block(const u8 *at);

#endif
