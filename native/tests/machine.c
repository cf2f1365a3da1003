/* Random code on the bare machine, and in guest mode with nested and with shadow tables: run in one go, in random slices, and through a snapshot between slices, it ends in the same
 * state; and a snapshot that was damaged changes nothing. Usage: machine [ROUNDS [SEED]]. */
#include <string.h>

#include "monitor/guest/guest.h"
#include "random_code.h"

enum { MEMORY = 0x20000, HOST_MEMORY = 0x100000, TABLE = 0x8000, STEPS = 3000 };

static void fill(t64_vm *vm, struct random *random)
{
    place_code(vm, random);
    u64 leaf = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U;
    t64_vm_write(vm, TABLE, (const u8 *)&leaf, 8);
    for (u32 n = 1; n < 32; n++)
        vm->state.x[n] = draw_value(random);
    set_controls(vm, random, STEPS);
    if (below(random, 2))
        t64_vm_set_cr(vm, CR_PTBR, TABLE | PTBR_ENABLE);
    vm->state.status |= below(random, 2) * STATUS_MODE;
    t64_vm_boot(vm, CODE + below(random, CODE_SIZE) / 4 * 4);
}

enum kind { BARE, NESTED, SHADOW, KINDS };

static const u8 *pattern(void)
{
    static u8 bytes[MEMORY];
    memset(bytes, 0xa5, sizeof bytes);
    return bytes;
}

/* A guest that does nothing, and whose memory stays what it is. */
static void add_neighbour(t64_host *host)
{
    t64_config config = {.memory = MEMORY};
    t64_vm *neighbour = t64_guest_new(host, T64_ASSIST, &config);
    require(neighbour && t64_vm_write(neighbour, 0, pattern(), MEMORY) == T64_OK, "the host has room for a neighbour");
}

static void require_untouched(t64_vm *neighbour)
{
    static u8 found[MEMORY];
    t64_vm_read(neighbour, 0, found, MEMORY);
    require(!memcmp(found, pattern(), MEMORY), "the neighbour's memory is what it was");
}

static t64_vm *new_computer(enum kind kind)
{
    if (kind == BARE)
        return new_machine(MEMORY);
    t64_config config = {.memory = MEMORY, .disk_latency = 50, .options = kind == SHADOW ? T64_OPTION_SHADOW : 0};
    t64_host *host = t64_host_new(HOST_MEMORY, LEVEL_ASSIST);
    require(host, "there is memory for a host");
    add_neighbour(host);
    t64_vm *guest = t64_guest_new(host, T64_ASSIST, &config);
    require(guest, "the host has room for a guest");
    return guest;
}

static void free_computer(t64_vm *vm)
{
    t64_host *host = vm->kind ? guest_of(vm)->host : NULL;
    t64_vm_free(vm);
    if (host)
        require_untouched(&host->guests->vm);
    t64_host_free(host);
}

struct disk {
    u8 data[4 * SECTOR_SIZE];
    t64_disk_write writes[DISK_CACHE_WRITES];
};

static void attach(t64_vm *vm, struct disk *disk)
{
    require(t64_vm_disk(vm, disk->data, 4, true) == T64_OK, "the disk fits");
    require(t64_vm_disk_cache(vm, disk->writes) == T64_OK, "it gets a write cache");
}

static t64_vm *machine_of(enum kind kind, u64 seed, struct disk *disk)
{
    struct random random = {seed};
    t64_vm *vm = new_computer(kind);
    memset(disk->data, 7, sizeof disk->data);
    attach(vm, disk);
    t64_vm_input(vm, (const u8 *)"some input", 10);
    t64_vm_input_end(vm);
    fill(vm, &random);
    return vm;
}

/* Stops that nothing but another run follows from. */
static int run_on(t64_vm *vm, u64 until)
{
    static u8 output[CONSOLE_OUTPUT_SIZE];
    int stop;
    while ((stop = t64_vm_run(vm, until)) == T64_STOP_OUTPUT || stop == T64_STOP_IDLE)
        t64_vm_output(vm, output, sizeof output);
    return stop;
}

static u8 *snapshot_of(t64_vm *vm, u64 *size)
{
    *size = t64_vm_save_size(vm, true);
    u8 *snapshot = malloc(*size);
    require(snapshot && t64_vm_save(vm, snapshot, *size, true) == T64_OK, "it can be saved");
    return snapshot;
}

static void require_same(t64_vm *one, t64_vm *other)
{
    u64 size, other_size;
    u8 *snapshot = snapshot_of(one, &size), *other_snapshot = snapshot_of(other, &other_size);
    require(size == other_size && !memcmp(snapshot, other_snapshot, size), "both are in the same state");
    free(snapshot);
    free(other_snapshot);
}

/* Carries all state over into a machine that has just been made. */
static t64_vm *moved(t64_vm *vm, enum kind kind, struct disk *disk)
{
    u64 size;
    u8 *snapshot = snapshot_of(vm, &size);
    t64_vm *fresh = new_computer(kind);
    attach(fresh, disk);
    require(t64_vm_load(fresh, snapshot, size, false) == T64_OK, "it can be loaded");
    free(snapshot);
    free_computer(vm);
    return fresh;
}

static void require_refused(t64_vm *vm, struct random *random)
{
    u64 size;
    u8 *snapshot = snapshot_of(vm, &size);
    u8 *damaged = malloc(size);
    memcpy(damaged, snapshot, size);
    damaged[below(random, size)] ^= (u8)(1 << below(random, 8));
    require(t64_vm_load(vm, damaged, size, false) == T64_ERROR_SNAPSHOT, "a damaged snapshot is refused");
    require(t64_vm_load(vm, snapshot, below(random, size), false) == T64_ERROR_SNAPSHOT, "so is a cut one");
    u64 size_after;
    u8 *after = snapshot_of(vm, &size_after);
    require(size == size_after && !memcmp(snapshot, after, size), "nothing has changed by that");
    free(snapshot);
    free(damaged);
    free(after);
}

static u64 next_slice(struct random *random, u64 until)
{
    until += 1 + below(random, below(random, 2) ? 8 : 600);
    return until < STEPS ? until : STEPS;
}

static u64 check_slices(enum kind kind, u64 seed, struct random *random)
{
    static struct disk disks[2];
    t64_vm *whole = machine_of(kind, seed, &disks[0]), *sliced = machine_of(kind, seed, &disks[1]);
    int stop = run_on(whole, STEPS), sliced_stop = T64_STOP_LIMIT;
    for (u64 until = 0; until < STEPS;)
        sliced_stop = run_on(sliced, until = next_slice(random, until));
    require(stop == sliced_stop, "they stop alike");
    require_same(whole, sliced);
    u64 retired = whole->state.retired;
    free_computer(whole);
    free_computer(sliced);
    return retired;
}

/* The machine that stays forgets its translations where the other one moves, for random code relies on stale ones. */
static void check_snapshots(enum kind kind, u64 seed, struct random *random)
{
    static struct disk disks[2];
    t64_vm *stays = machine_of(kind, seed, &disks[0]), *travels = machine_of(kind, seed, &disks[1]);
    for (u64 until = 0; until < STEPS;) {
        until = next_slice(random, until);
        run_on(stays, until);
        run_on(travels, until);
        if (below(random, 8))
            continue;
        stays->ops->state_changed(stays);
        travels = moved(travels, kind, &disks[1]);
    }
    require_same(stays, travels);
    require_refused(travels, random);
    free_computer(stays);
    free_computer(travels);
}

int main(int count, char **arguments)
{
    u64 rounds = count > 1 ? strtoull(arguments[1], NULL, 0) : 200, retired = 0;
    u64 seed = count > 2 ? strtoull(arguments[2], NULL, 0) : 1;
    for (u64 round = 0; round < rounds; round++) {
        u64 seed_here = UINT64_C(0x9e3779b97f4a7c15) * (seed + round) | 1;
        struct random random = {seed_here * 3 + 1};
        for (enum kind kind = 0; kind < KINDS; kind++) {
            retired += check_slices(kind, seed_here, &random);
            check_snapshots(kind, seed_here, &random);
        }
    }
    printf("%llu random machines and guests agree; %llu instructions each on average\n", (unsigned long long)rounds,
           (unsigned long long)(retired / (rounds ? rounds * KINDS : 1)));
    return 0;
}
