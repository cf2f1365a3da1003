/* The arena: an allocator in a fixed place, and its copies, block by block. */
#define _GNU_SOURCE
#include "arena.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_SIZE ((u64)1 << 25)
#define ARENA_PLACE ((void *)(uintptr_t)0x200000000000)
enum { PAGE = 4096, PAGES = ARENA_SIZE / PAGE, BLOCKS = ARENA_SIZE / BLOCK_SIZE, IN_PAGE = PAGE / BLOCK_SIZE };

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void *at, size_t size);

/* At the arena's beginning, for it goes back with the rest. */
struct book {
    u64 used; /* what lies behind is all zero */
};

static u8 *arena, *root, *marked;
static int pagemap;
static struct key blocks[BLOCKS], blocks_marked[BLOCKS], blocks_root[BLOCKS]; /* of their contents alone */
static struct key sum, sum_marked, sum_root;
static u32 changed[BLOCKS], changed_count;         /* blocks that differ from the marked world */
static u32 from_root[BLOCKS], from_root_count;     /* where that differs from the root */

static void require(bool claim, const char *text)
{
    if (claim)
        return;
    fprintf(stderr, "worlds: %s\n", text);
    _exit(3);
}

/* Keys. */

static u64 mixed(u64 value)
{
    value ^= value >> 32;
    value *= 0xd6e8feb86659fd93;
    value ^= value >> 29;
    value *= 0x9e3779b97f4a7c15;
    return value ^ value >> 32;
}

struct key key_of(const void *bytes, u64 size)
{
    struct key key = {0x243f6a8885a308d3, 0x13198a2e03707344};
    for (u64 at = 0; at + 8 <= size; at += 8) {
        u64 word;
        memcpy(&word, (const u8 *)bytes + at, 8);
        key.low = (key.low ^ word) * 0x100000001b3 + (key.low >> 31);
        key.high = (key.high + word) * 0x9fb21c651e98df25;
        key.high ^= key.high >> 28;
    }
    return (struct key){mixed(key.low), mixed(key.high)};
}

void key_add(struct key *total, u64 number, struct key part)
{
    total->low += mixed(part.low + number * 0xc2b2ae3d27d4eb4f);
    total->high += mixed(part.high ^ mixed(number + 1));
}

static void key_subtract(struct key *total, u64 number, struct key part)
{
    struct key none = {0, 0};
    key_add(&none, number, part);
    total->low -= none.low;
    total->high -= none.high;
}

/* The allocator: what was taken last may be given back, what was not stays. */

static struct book *book(void) { return (struct book *)(void *)arena; }

static void *take(u64 size, u64 alignment)
{
    u64 at = (book()->used + alignment - 1) & ~(alignment - 1);
    require(size < ARENA_SIZE && at + size <= ARENA_SIZE, "the arena is full");
    book()->used = at + size;
    return arena + at;
}

/* Its size stands before it. */
static void *take_sized(u64 size)
{
    u64 *head = take(size + 16, 16);
    *head = size;
    return head + 2;
}

void *__wrap_malloc(size_t size) { return arena ? take_sized(size) : __real_malloc(size); }

void *__wrap_calloc(size_t count, size_t size) { return arena ? take_sized(count * size) : __real_calloc(count, size); }

void __wrap_free(void *memory)
{
    if (!memory || !arena || (u8 *)memory < arena || (u8 *)memory >= arena + ARENA_SIZE)
        return;
    u64 *head = (u64 *)memory - 2;
    u8 *end = (u8 *)memory + *head;
    if (end != arena + book()->used)
        return;
    memset(head, 0, (u64)(end - (u8 *)head));
    book()->used = (u64)((u8 *)head - arena);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return arena ? take(size, PAGE) : __real_mmap(at, size, protection, flags, file, offset);
}

int __wrap_munmap(void *at, size_t size) { return arena ? 0 : __real_munmap(at, size); }

static void *reserve(void *place)
{
    void *memory = __real_mmap(place, ARENA_SIZE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (place ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    require(memory != MAP_FAILED && (!place || memory == place), "there is no room for the arena");
    return memory;
}

void arena_open(void)
{
    root = reserve(NULL);
    marked = reserve(NULL);
    arena = reserve(ARENA_PLACE);
    pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    require(pagemap >= 0, "/proc/self/pagemap cannot be read");
    book()->used = sizeof(struct book);
    struct key zero = key_of(root, BLOCK_SIZE);
    for (u32 block = 0; block < BLOCKS; block++)
        blocks[block] = blocks_marked[block] = blocks_root[block] = zero;
}

/* Worlds. */

static void put(u8 *to, const u8 *from, u32 block) { memcpy(to + (u64)block * BLOCK_SIZE, from + (u64)block * BLOCK_SIZE, BLOCK_SIZE); }

static void compare_page(u32 page)
{
    const u8 *now = arena + (u64)page * PAGE, *then = marked + (u64)page * PAGE;
    if (!memcmp(now, then, PAGE))
        return;
    for (u32 n = 0; n < IN_PAGE; n++) {
        u32 block = page * IN_PAGE + n;
        if (!memcmp(now + n * BLOCK_SIZE, then + n * BLOCK_SIZE, BLOCK_SIZE))
            continue;
        key_subtract(&sum, block, blocks[block]);
        blocks[block] = key_of(now + n * BLOCK_SIZE, BLOCK_SIZE);
        key_add(&sum, block, blocks[block]);
        changed[changed_count++] = block;
    }
}

/* A page that nobody has touched is not looked at, and stays so. */
struct key arena_compare(void)
{
    static u64 touched[PAGES];
    u64 used = ((struct book *)(void *)marked)->used;
    used = used < book()->used ? book()->used : used;
    u32 pages = (u32)((used + PAGE - 1) / PAGE);
    off_t at = (off_t)((uintptr_t)arena / PAGE * sizeof *touched);
    require(pread(pagemap, touched, pages * sizeof *touched, at) == (ssize_t)(pages * sizeof *touched), "pagemap ends");
    changed_count = 0;
    for (u32 page = 0; page < pages; page++)
        if (touched[page] >> 62) /* in memory, or swapped out */
            compare_page(page);
    return sum;
}

struct key arena_block(const u8 *at) { return blocks[(u64)(at - arena) / BLOCK_SIZE]; }

void arena_return(void)
{
    for (u32 n = 0; n < changed_count; n++) {
        put(arena, marked, changed[n]);
        blocks[changed[n]] = blocks_marked[changed[n]];
    }
    changed_count = 0;
    sum = sum_marked;
}

void arena_mark(void)
{
    arena_compare();
    for (u32 n = 0; n < changed_count; n++) {
        put(marked, arena, changed[n]);
        blocks_marked[changed[n]] = blocks[changed[n]];
        from_root[from_root_count++] = changed[n];
    }
    changed_count = 0;
    sum_marked = sum;
}

void arena_take_root(void)
{
    arena_mark();
    for (u32 n = 0; n < from_root_count; n++) {
        put(root, marked, from_root[n]);
        blocks_root[from_root[n]] = blocks_marked[from_root[n]];
    }
    from_root_count = 0;
    sum_root = sum_marked;
}

/* The world is the marked one. */
void arena_reset(void)
{
    for (u32 n = 0; n < from_root_count; n++) {
        u32 block = from_root[n];
        put(arena, root, block);
        put(marked, root, block);
        blocks[block] = blocks_marked[block] = blocks_root[block];
    }
    from_root_count = 0;
    sum = sum_marked = sum_root;
}
