/* The arena: an allocator in a fixed place, and its copies, block by block. */
#define _GNU_SOURCE
#include "arena.h"

#include "wire.h"

#include <string.h>
#include <sys/mman.h>

#define ARENA_SIZE ((u64)1 << 25)
#define ARENA_PLACE ((void *)(uintptr_t)0x200000000000)
#define UNDOS_MAXIMUM ((u64)1 << 20)
enum { PAGE = 4096, PAGES = ARENA_SIZE / PAGE, BLOCKS = ARENA_SIZE / BLOCK_SIZE, IN_PAGE = PAGE / BLOCK_SIZE, MARKS_MAXIMUM = 512 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void *at, size_t size);

/* At the arena's beginning, for it goes back with the rest. */
struct book {
    u64 used; /* what lies behind is all zero */
};

/* A block of the world that was marked before. */
struct undo {
    u32 block;
    struct key key;
    u8 bytes[BLOCK_SIZE];
};

/* Where the undoing of a mark begins, and the key of the world that was marked before. */
struct mark {
    u64 first;
    struct key sum;
};

static u8 *arena, *marked;
static struct key blocks[BLOCKS], blocks_marked[BLOCKS]; /* of their contents alone */
static struct key sum, sum_marked;
static u32 changed[BLOCKS], changed_count; /* blocks that differ from the marked world */
static u32 written[PAGES], written_count;  /* pages that were stored to since the root: no other differs from the marked world */
static bool is_written[PAGES];
static struct undo *undos;
static u64 undo_count;
static struct mark marks[MARKS_MAXIMUM];
static u32 mark_count;

static void require(bool claim, const char *text)
{
    if (!claim)
        fail(text);
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

static void *reserve(void *place, u64 size, int flags)
{
    void *memory = __real_mmap(place, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    if (memory == MAP_FAILED || (place && memory != place))
        fail_for_room(place ? "there is no room for the arena" : "there is no more memory");
    return memory;
}

void *outside(u64 size) { return reserve(NULL, size, 0); }

void outside_free(void *memory, u64 size) { __real_munmap(memory, size); }

static void protect(u32 page, u32 count, int protection)
{
    if (mprotect(arena + (u64)page * PAGE, (u64)count * PAGE, protection))
        fail("the arena cannot be protected");
}

/* Pages of the arena may only be read until something is stored there: from then on they are compared. */
bool arena_admits(const void *address)
{
    u64 at = (u64)((const u8 *)address - arena);
    u32 page = (u32)(at / PAGE);
    if (!arena || at >= ARENA_SIZE || is_written[page])
        return false;
    is_written[page] = true;
    written[written_count++] = page;
    protect(page, 1, PROT_READ | PROT_WRITE);
    return true;
}

/* What is there is in the marked world, too. */
static void forget_written(void)
{
    written_count = 0;
    memset(is_written, 0, sizeof is_written);
    protect(0, PAGES, PROT_READ);
}

void arena_open(void)
{
    marked = reserve(NULL, ARENA_SIZE, 0);
    undos = reserve(NULL, UNDOS_MAXIMUM * sizeof *undos, 0);
    arena = reserve(ARENA_PLACE, ARENA_SIZE, MAP_FIXED_NOREPLACE);
    forget_written();
    book()->used = sizeof(struct book);
}

/* Worlds. */

static void put(u8 *to, const u8 *from, u32 block) { memcpy(to + (u64)block * BLOCK_SIZE, from + (u64)block * BLOCK_SIZE, BLOCK_SIZE); }

/* Its key, from that of the marked world's block and the words that differ. */
static void compare_block(u32 block)
{
    u64 now[BLOCK_WORDS], then[BLOCK_WORDS];
    memcpy(now, arena + (u64)block * BLOCK_SIZE, BLOCK_SIZE);
    memcpy(then, marked + (u64)block * BLOCK_SIZE, BLOCK_SIZE);
    struct key key = blocks_marked[block];
    for (u32 n = 0; n < BLOCK_WORDS; n++) {
        if (now[n] == then[n])
            continue;
        key_subtract_word(&key, n, then[n]);
        key_add_word(&key, n, now[n]);
    }
    key_subtract(&sum, block, blocks_marked[block]);
    key_add(&sum, block, key);
    blocks[block] = key;
    changed[changed_count++] = block;
}

static void compare_page(u32 page)
{
    const u8 *now = arena + (u64)page * PAGE, *then = marked + (u64)page * PAGE;
    if (!memcmp(now, then, PAGE))
        return;
    for (u32 n = 0; n < IN_PAGE; n++)
        if (memcmp(now + n * BLOCK_SIZE, then + n * BLOCK_SIZE, BLOCK_SIZE))
            compare_block(page * IN_PAGE + n);
}

/* All that either world uses. */
struct key arena_compare(void)
{
    u64 used = ((struct book *)(void *)marked)->used;
    used = used < book()->used ? book()->used : used;
    for (u32 n = 0; n < changed_count; n++)
        blocks[changed[n]] = blocks_marked[changed[n]];
    changed_count = 0;
    sum = sum_marked;
    for (u32 n = 0; n < written_count; n++)
        if (written[n] < (used + PAGE - 1) / PAGE)
            compare_page(written[n]);
    return sum;
}

bool arena_differs(const void *bytes, u64 size)
{
    u64 at = (u64)((const u8 *)bytes - arena);
    return memcmp(bytes, marked + at, size);
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
    require(mark_count < MARKS_MAXIMUM && undo_count + changed_count <= UNDOS_MAXIMUM, "a path is too long");
    marks[mark_count++] = (struct mark){undo_count, sum_marked};
    for (u32 n = 0; n < changed_count; n++) {
        u32 block = changed[n];
        struct undo *undo = &undos[undo_count++];
        *undo = (struct undo){.block = block, .key = blocks_marked[block]};
        memcpy(undo->bytes, marked + (u64)block * BLOCK_SIZE, BLOCK_SIZE);
        put(marked, arena, block);
        blocks_marked[block] = blocks[block];
    }
    changed_count = 0;
    sum_marked = sum;
}

void arena_take_root(void)
{
    arena_mark();
    mark_count = 0;
    undo_count = 0;
    forget_written();
}

/* The world is the marked one. */
void arena_unmark(void)
{
    const struct mark *mark = &marks[--mark_count];
    while (undo_count > mark->first) {
        const struct undo *undo = &undos[--undo_count];
        memcpy(arena + (u64)undo->block * BLOCK_SIZE, undo->bytes, BLOCK_SIZE);
        put(marked, arena, undo->block);
        blocks[undo->block] = blocks_marked[undo->block] = undo->key;
    }
    sum = sum_marked = mark->sum;
}
