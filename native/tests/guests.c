/* Random code as guests of every technique, in turns on one small host, with writes and new registers from outside between turns:
 * all end as the bare machine does, unless the code relies on stale translations. Usage: guests [ROUNDS [SEED]]. */
#include <string.h>

#include "monitor/guest/guest.h"
#include "random_code.h"

enum { MEMORY = 0x20000, TABLES = 0x8000, STEPS = 1500, SEGMENT = 250, PAGES = MEMORY / 4096 };

struct kind {
    const char *name;
    u32 technique, options;
    u32 lowest; /* hardware level where it is equivalent */
};

static const struct kind kinds[] = {
    {"a guest of trap ends as the bare machine", T64_TRAP, 0, LEVEL_STRICT},
    {"so does one of trap that flushes", T64_TRAP, T64_OPTION_FLUSH, LEVEL_STRICT},
    {"of rewrite", T64_REWRITE, 0, LEVEL_CLASSIC},
    {"of rewrite that adapts", T64_REWRITE, T64_OPTION_ADAPTIVE, LEVEL_CLASSIC},
    {"of hybrid", T64_HYBRID, 0, LEVEL_HYBRID},
    {"of assist", T64_ASSIST, 0, LEVEL_ASSIST},
    {"of assist with shadow tables", T64_ASSIST, T64_OPTION_SHADOW, LEVEL_ASSIST},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What software is to leave unmapped: such code need not run alike, but it has to run. */
static bool maps_window(u64 seed) { return (seed >> 8) % 8 == 0; }

static void map_the_window(t64_vm *vm, struct random *random)
{
    u64 entry = (TABLES + 0x1000) | PTE_V;
    t64_vm_write(vm, TABLES + 0xFF8, (const u8 *)&entry, 8);
    entry = (TABLES + 0x2000) | PTE_V;
    t64_vm_write(vm, TABLES + 0x1FF8, (const u8 *)&entry, 8);
    entry = (CODE + below(random, 3) * 0x1000) | PTE_V | PTE_R | PTE_W | PTE_X | PTE_U;
    t64_vm_write(vm, TABLES + 0x2000 + 8 * (SHARED_PAGE_ADDRESS >> 12 & 511), (const u8 *)&entry, 8);
    for (u32 n = 1; n < 32; n += 3)
        vm->state.x[n] = SHARED_PAGE_ADDRESS + below(random, 512) * 8;
}

/* Three levels that map memory to itself, with rights and marks as they come, at TABLES. */
static void write_tables(t64_vm *vm, struct random *random)
{
    u64 entry = (TABLES + 0x1000) | PTE_V;
    t64_vm_write(vm, TABLES, (const u8 *)&entry, 8);
    entry = (TABLES + 0x2000) | PTE_V;
    t64_vm_write(vm, TABLES + 0x1000, (const u8 *)&entry, 8);
    for (u64 page = 0; page < PAGES; page++) {
        entry = page << 12 | PTE_V | PTE_R | PTE_W | PTE_X | PTE_U;
        if (below(random, 4) == 0)
            entry ^= (u64)1 << below(random, 8);
        entry |= below(random, 2) ? PTE_A | PTE_D : 0;
        t64_vm_write(vm, TABLES + 0x2000 + 8 * page, (const u8 *)&entry, 8);
    }
}

/* Code, data, and now and then the page tables. */
static u64 draw_place(struct random *random)
{
    return below(random, 3) ? draw_value(random) : TABLES + below(random, 3) * 0x1000 + below(random, 64) * 8;
}

static void fill(t64_vm *vm, struct random *random)
{
    place_code(vm, random);
    write_tables(vm, random);
    for (u32 n = 1; n < 32; n++)
        vm->state.x[n] = draw_place(random);
    set_controls(vm, random, STEPS);
    if (below(random, 4))
        t64_vm_set_cr(vm, CR_PTBR, TABLES | PTBR_ENABLE);
    vm->state.status |= below(random, 2) * STATUS_MODE;
    t64_vm_boot(vm, CODE + below(random, CODE_SIZE) / 4 * 4);
}

/* A computer with its disk. */
struct computer {
    t64_vm *vm;
    u8 disk[4 * SECTOR_SIZE];
    t64_disk_write writes[DISK_CACHE_WRITES];
};

static void attach(struct computer *computer)
{
    require(t64_vm_disk(computer->vm, computer->disk, 4, true) == T64_OK, "the disk fits");
    require(t64_vm_disk_cache(computer->vm, computer->writes) == T64_OK, "it gets a write cache");
}

static void prepare(struct computer *computer, u64 seed)
{
    struct random random = {seed};
    memset(computer->disk, 7, sizeof computer->disk);
    attach(computer);
    t64_vm_input(computer->vm, (const u8 *)"some input", 10);
    t64_vm_input_end(computer->vm);
    fill(computer->vm, &random);
    if (maps_window(seed))
        map_the_window(computer->vm, &random);
}

static t64_config config_of(u32 options, u32 level)
{
    return (t64_config){.memory = MEMORY, .disk_latency = 50, .level = level, .options = options};
}

static void open_bare(struct computer *computer, u64 seed, u32 level)
{
    t64_config config = config_of(0, level);
    computer->vm = t64_machine_new(&config);
    require(computer->vm, "there is memory for a machine");
    prepare(computer, seed);
}

/* Up to `until`; stops that nothing but another run follows from. */
static void run_on(t64_vm *vm, u64 until)
{
    static u8 output[CONSOLE_OUTPUT_SIZE];
    int stop;
    do {
        stop = t64_vm_run(vm, until);
        if (stop == T64_STOP_OUTPUT)
            t64_vm_output(vm, output, sizeof output);
    } while (stop == T64_STOP_OUTPUT || stop == T64_STOP_OBSERVED || (stop == T64_STOP_IDLE && vm->state.retired < until));
}

/* What changes nothing, but that monitors have to forget something. */
static void touch(t64_vm *vm, struct random *random)
{
    u64 at = below(random, MEMORY / 8) * 8, word;
    t64_vm_read(vm, at, (u8 *)&word, 8);
    if (below(random, 2))
        t64_vm_write(vm, at, (const u8 *)&word, 8);
    else if (below(random, 4) == 0)
        t64_vm_set_cr(vm, CR_SCRATCH, vm->state.scratch);
    t64_vm_observe(vm, below(random, 4) ? 0 : draw(random));
}

/* What the host does to each of them between two segments: the same for all. */
static void interfere(struct computer *computer, struct random random)
{
    u64 value = draw_place(&random);
    u32 word = draw_word(&random);
    switch (below(&random, 5)) {
    case 0: t64_vm_write(computer->vm, CODE + below(&random, CODE_SIZE) / 4 * 4, (const u8 *)&word, 4); break;
    case 1: t64_vm_write(computer->vm, TABLES + 0x2000 + 8 * below(&random, PAGES), (const u8 *)&value, 8); break;
    case 2: t64_vm_set_cr(computer->vm, CR_TIMECMP, computer->vm->state.retired + below(&random, 500)); break;
    case 3: t64_vm_set_cr(computer->vm, CR_PTBR, below(&random, 2) ? TABLES | PTBR_ENABLE : 0); break;
    default: break;
    }
}

static bool is_done(const struct computer *computer, u64 until)
{
    return !computer->vm || computer->vm->halted || computer->vm->state.retired >= until;
}

/* By single steps, with nothing remembered from one to the next. */
static void step_bare(struct computer *computer, u64 until)
{
    while (!is_done(computer, until)) {
        computer->vm->ops->state_changed(computer->vm);
        run_on(computer->vm, computer->vm->state.retired + 1);
    }
}

/* Do the same writes wait, over the same contents? */
static bool is_waiting_alike(t64_vm *one, t64_vm *other)
{
    for (u64 n = 0;; n++) {
        const t64_disk_write *a = t64_vm_disk_waiting(one, n), *b = t64_vm_disk_waiting(other, n);
        if (!a || !b)
            return a == b;
        if (memcmp(a, b, sizeof *a))
            return false;
    }
}

static bool is_same(const struct computer *one, const struct computer *other)
{
    static u8 memory[2][MEMORY];
    const struct t64_state *a = &one->vm->state, *b = &other->vm->state;
    t64_vm_read(one->vm, 0, memory[0], MEMORY);
    t64_vm_read(other->vm, 0, memory[1], MEMORY);
    return !memcmp(memory[0], memory[1], MEMORY) && !memcmp(one->disk, other->disk, sizeof one->disk) &&
           !memcmp(a->x, b->x, 32 * 8) && a->pc == b->pc && a->status == b->status && a->tvec == b->tvec && a->epc == b->epc &&
           a->cause == b->cause && a->tval == b->tval && a->scratch == b->scratch && a->ptbr == b->ptbr &&
           a->timecmp == b->timecmp && a->imask == b->imask && a->retired == b->retired && a->skipped == b->skipped &&
           a->fresh == b->fresh && one->vm->halted == other->vm->halted && is_waiting_alike(one->vm, other->vm);
}

/* Through a snapshot into another guest of the host, or back into itself where there is no room. */
static void move(struct computer *computer, t64_host *host, const struct kind *kind)
{
    u64 size = t64_vm_save_size(computer->vm, true);
    u8 *snapshot = malloc(size);
    t64_config config = config_of(kind->options, computer->vm->level);
    require(snapshot && t64_vm_save(computer->vm, snapshot, size, true) == T64_OK, "it can be saved");
    t64_vm *fresh = t64_guest_new(host, kind->technique, &config);
    if (fresh) {
        t64_vm_free(computer->vm);
        computer->vm = fresh;
        attach(computer);
    }
    require(t64_vm_load(computer->vm, snapshot, size, false) == T64_OK, "it can be loaded");
    free(snapshot);
}

/* All of them up to `until`, by turns. */
static void take_turns(struct computer *guests, u64 until, t64_host *host, struct random *random)
{
    for (u32 left = KINDS; left;) {
        left = 0;
        for (u32 n = 0; n < KINDS; n++) {
            if (is_done(&guests[n], until))
                continue;
            u64 slice = guests[n].vm->state.retired + 1 + below(random, below(random, 2) ? 8 : 400);
            run_on(guests[n].vm, slice < until ? slice : until);
            touch(guests[n].vm, random);
            left += !is_done(&guests[n], until);
        }
    }
    u32 n = (u32)below(random, KINDS);
    if (guests[n].vm && !below(random, 4))
        move(&guests[n], host, &kinds[n]);
}

static u32 open_guests(struct computer *guests, t64_host *host, u64 seed)
{
    u32 opened = 0;
    for (u32 n = 0; n < KINDS; n++) {
        t64_config config = config_of(kinds[n].options, LEVEL_ASSIST);
        guests[n].vm = t64_guest_new(host, kinds[n].technique, &config);
        if (guests[n].vm)
            prepare(&guests[n], seed), opened++;
    }
    return opened;
}

/* How many guests were compared; 0 where the code relies on stale translations. */
static u32 check(u64 seed, struct random *random)
{
    static struct computer bare, stepped, guests[KINDS];
    u32 level = LEVEL_CLASSIC + (u32)below(random, 4);
    t64_host *host = t64_host_new(0x1000 * (60 + below(random, below(random, 2) ? 60 : 400)), level);
    require(host, "there is memory for a host");
    open_bare(&bare, seed, level);
    open_bare(&stepped, seed, level);
    u32 opened = open_guests(guests, host, seed);
    opened = maps_window(seed) ? 0 : opened;
    for (u64 until = SEGMENT; until <= STEPS; until += SEGMENT) {
        struct random interference = {draw(random) | 1};
        run_on(bare.vm, until);
        step_bare(&stepped, until);
        take_turns(guests, until, host, random);
        interfere(&bare, interference);
        interfere(&stepped, interference);
        for (u32 n = 0; n < KINDS; n++)
            if (guests[n].vm)
                interfere(&guests[n], interference);
        if (!is_same(&bare, &stepped))
            opened = 0;
        for (u32 n = 0; opened && n < KINDS; n++)
            if (guests[n].vm && level >= kinds[n].lowest && !is_same(&bare, &guests[n]))
                require(false, kinds[n].name);
    }
    t64_vm_free(bare.vm);
    t64_vm_free(stepped.vm);
    t64_host_free(host);
    return opened;
}

int main(int count, char **arguments)
{
    u64 rounds = count > 1 ? strtoull(arguments[1], NULL, 0) : 150, compared = 0;
    u64 seed = count > 2 ? strtoull(arguments[2], NULL, 0) : 1;
    for (u64 round = 0; round < rounds; round++) {
        u64 seed_here = UINT64_C(0x9e3779b97f4a7c15) * (seed + round) | 1;
        struct random random = {seed_here * 3 + 1};
        compared += check(seed_here, &random);
    }
    printf("%llu guests in turns on %llu hosts end as the bare machine\n", (unsigned long long)compared, (unsigned long long)rounds);
    return 0;
}
