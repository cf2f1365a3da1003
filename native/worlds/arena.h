/* The arena: all memory of the core's, at one place, so that a world is a run of bytes: copied, compared, named by a key, put back. */
#ifndef T64_WORLDS_ARENA_H
#define T64_WORLDS_ARENA_H

#include "base/types.h"

enum { BLOCK_SIZE = 512 };

/* 128 bits that stand for all bytes of a world, or of some part of it. */
struct key {
    u64 low, high;
};

struct key key_of(const void *bytes, u64 size);
/* Of a set of numbered parts: what one of them adds. */
void key_add(struct key *sum, u64 number, struct key part);

/* From now on malloc, calloc, free, mmap and munmap of the core have their memory there. */
void arena_open(void);

/* The world as it is now is the one that arena_reset goes back to. */
void arena_take_root(void);
void arena_reset(void);
/* It is the one that arena_return goes back to, until the next reset. */
void arena_mark(void);
void arena_return(void);

/* Find what differs from the marked world, which arena_return undoes, and the key of all bytes as they are now. */
struct key arena_compare(void);
/* The key of the bytes at a block's beginning, as of the last look. */
struct key arena_block(const u8 *at);

#endif
