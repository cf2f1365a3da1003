/* Random hypercalls and stores of paravirtual guests that mean harm: all books must stay sound, neighbours on the same
 * host must not notice but in what they share, and nothing may crash. Usage: hypercalls [ROUNDS [SEED]]. */
#include <string.h>

#include "machine/vm.h"
#include "assemble.h"
#include "hypercalls.h"

enum {
    MEMORY = 0x40000, PAGES = MEMORY / PAGE_SIZE,
    CODE = 0x1000,    /* an hcall of each number, then a load and a store */
    LISTS = 0x2000,   /* two pages of records */
    HANDLER = 0x4000, /* where traps go: nothing is done there */
    LOAD = CODE + 4 * (HYPERCALL_COUNT + 2), STORE = LOAD + 4,
    STEPS = 400, /* of one life */
    DOMAINS = 3, /* that mean harm */
    VICTIM_END = PAGES - 8, /* of its pattern */
    GIVEN = 12,  /* the page that the victim shares, to read; the next one to write */
};

struct attack {
    t64_host *host;
    t64_vm *guest, *neighbour;
    t64_vm *domains[DOMAINS]; /* guest is one of them; NULL: it has ended */
    t64_vm *victim;           /* a domain that shares two pages with the first and does nothing */
    u64 first_domain; /* the id of the first of them; the victim's is one less */
    u8 disk[16 * SECTOR_SIZE];
    u64 random;
    u64 refused, granted, trapped, mapped, rung, ballooned, interrupted; /* to see that the attacks are of every kind */
};

static u64 next_random(struct attack *attack)
{
    u64 x = attack->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return attack->random = x;
}

static u64 below(struct attack *attack, u64 limit) { return next_random(attack) % limit; }

/* Arguments: seldom plain noise, mostly what could hurt. */

static u64 some_frame(struct attack *attack)
{
    t64_vm *other = attack->domains[below(attack, DOMAINS)];
    switch (below(attack, 9)) {
    case 8:
        return other ? t64_guest_frame(other, 8 + below(attack, 6)) : 0;
    case 0:
        return t64_guest_frame(below(attack, 2) ? attack->neighbour : attack->victim, below(attack, PAGES));
    case 1:
        return below(attack, (t64_host_memory(attack->host) >> PAGE_SHIFT) + 2); /* the monitor's, among others */
    case 2:
    case 3:
        return t64_guest_frame(attack->guest, PAGES - 1 - below(attack, 3)); /* where the first tables lie */
    default:
        return t64_guest_frame(attack->guest, 8 + below(attack, 6));
    }
}

static u64 some_entry(struct attack *attack)
{
    static const u64 rights[] = {0, PTE_V, PTE_V | PTE_R | PTE_U, PTE_V | PTE_R | PTE_W | PTE_U, PTE_V | PTE_X | PTE_U,
                                 PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D, PTE_V | PTE_A, PTE_V | PTE_W};
    u64 entry = some_frame(attack) << PAGE_SHIFT | rights[below(attack, 8)];
    return below(attack, 30) ? entry : entry | (u64)1 << below(attack, 64);
}

static u64 some_slot(struct attack *attack) { return below(attack, 3) ? below(attack, 66) : 508 + below(attack, 4); }

static u64 some_address(struct attack *attack)
{
    switch (below(attack, 6)) {
    case 0:
        return SHARED_PAGE_ADDRESS + 8 * below(attack, 12);
    case 1:
        return next_random(attack) >> below(attack, 64);
    case 2:
        return below(attack, MEMORY + 0x2000) & ~(u64)7;
    default:
        return below(attack, PAGES) * PAGE_SIZE + 8 * below(attack, 4);
    }
}

static u64 some_argument(struct attack *attack)
{
    switch (below(attack, 11)) {
    case 9:
        return attack->first_domain + below(attack, DOMAINS + 2);
    case 10:
        return below(attack, 2) ? below(attack, 70) : below(attack, 4);
    case 0:
    case 1:
        return some_frame(attack);
    case 2:
        return some_entry(attack);
    case 3:
        return some_frame(attack) << PAGE_SHIFT | some_slot(attack) * 8;
    case 4:
        return LISTS;
    case 5:
        return some_address(attack);
    case 6:
        return T64_NOWHERE - below(attack, 2);
    default:
        return below(attack, 5);
    }
}

/* Records: entries and values alike are words from the same bag, so one list serves every call. */
static void write_lists(struct attack *attack)
{
    u64 words[64];
    for (u32 i = 0; i < 64; i++)
        words[i] = some_argument(attack);
    if (below(attack, 2))
        for (u32 i = 0; i < 64; i += 8) /* as multicall records they name calls */
            words[i] = below(attack, HYPERCALL_COUNT + 1);
    else
        for (u32 i = 0; i < 64; i += 2) { /* as updates they name entries */
            words[i] = some_frame(attack) << PAGE_SHIFT | some_slot(attack) * 8;
            words[i + 1] = some_entry(attack);
        }
    t64_vm_write(attack->guest, LISTS, (const u8 *)words, sizeof words);
}

/* The guest's life. */

static t64_vm *new_guest(t64_host *host, u32 technique)
{
    t64_config config = {.memory = MEMORY, .disk_latency = 50, .level = LEVEL_STRICT};
    t64_vm *vm = t64_guest_new(host, technique, &config);
    require(vm, "the host has room for a guest");
    return vm;
}

static void fill_neighbour(t64_vm *vm)
{
    u8 page[PAGE_SIZE];
    for (u64 number = 0; number < PAGES; number++) {
        memset(page, (int)(number + 1), sizeof page);
        require(t64_vm_write(vm, number * PAGE_SIZE, page, sizeof page) == T64_OK, "the neighbour's memory is written");
    }
}

static bool is_whole(t64_vm *vm, u64 begin, u64 end, u64 except)
{
    u8 page[PAGE_SIZE], expected[PAGE_SIZE];
    for (u64 number = begin; number < end; number++) {
        if (number == except)
            continue;
        memset(expected, (int)(number + 1), sizeof expected);
        t64_vm_read(vm, number * PAGE_SIZE, page, sizeof page);
        if (memcmp(page, expected, sizeof page))
            return false;
    }
    return true;
}

static void place_code(t64_vm *vm)
{
    u32 words[HYPERCALL_COUNT + 4];
    for (u32 number = 0; number < HYPERCALL_COUNT + 2; number++)
        words[number] = word_u(INSN_HCALL, 0, (i32)number);
    words[HYPERCALL_COUNT + 2] = word_i(INSN_LD, T0, A0, 0);
    words[HYPERCALL_COUNT + 3] = word_i(INSN_SD, A1, A0, 0);
    place(vm, CODE, words, HYPERCALL_COUNT + 4);
    u32 nothing = word_i(INSN_ADDI, ZERO, ZERO, 0);
    place(vm, HANDLER, &nothing, 1);
}

static void set_handler(struct attack *attack)
{
    struct t64_trap_record record = {.cause = TRAP_ANY, .handler = HANDLER, .flags = below(attack, 2)};
    t64_state *state = t64_vm_state(attack->guest);
    t64_vm_write(attack->guest, LISTS, (const u8 *)&record, sizeof record);
    state->pc = CODE + 4 * HYPERCALL_SET_TRAP_TABLE;
    state->x[A0] = LISTS;
    state->x[A1] = 1;
    require(t64_vm_run(attack->guest, state->retired + 1) == T64_STOP_LIMIT && state->x[A0] == 0, "a handler is taken");
}

static i64 ask(struct attack *attack, u64 number, u64 a0, u64 a1, u64 a2)
{
    t64_state *state = t64_vm_state(attack->guest);
    state->pc = CODE + 4 * number;
    state->x[A0] = a0, state->x[A1] = a1, state->x[A1 + 1] = a2;
    u64 until = state->retired + 1;
    while (t64_vm_run(attack->guest, until) == T64_STOP_WORK)
        ;
    return (i64)state->x[A0];
}

static t64_vm *new_domain(struct attack *attack)
{
    static t64_disk_write writes[DISK_CACHE_WRITES]; /* whichever domain's: they share the disk as well */
    attack->guest = new_guest(attack->host, T64_PARA);
    place_code(attack->guest);
    t64_vm_disk(attack->guest, attack->disk, sizeof attack->disk / SECTOR_SIZE, below(attack, 2) != 0);
    if (below(attack, 2))
        t64_vm_disk_cache(attack->guest, writes);
    require(t64_vm_boot(attack->guest, CODE) == T64_OK, "the guest boots");
    set_handler(attack);
    return attack->guest;
}

/* What a guest does to have a table, with contents that may be proper or not: attacks need some to start from. */
static void make_table(struct attack *attack)
{
    u64 page = 8 + below(attack, 6), frame = t64_guest_frame(attack->guest, page);
    u64 level = below(attack, 3), words[4], rights = level ? PTE_V : PTE_V | PTE_R | PTE_U;
    for (u32 i = 0; i < 4; i++)
        words[i] = t64_guest_frame(attack->guest, 8 + below(attack, 6)) << PAGE_SHIFT | rights;
    if (!below(attack, 3))
        words[below(attack, 4)] = some_entry(attack);
    t64_vm_write(attack->guest, page * PAGE_SIZE + 8 * below(attack, 60), (const u8 *)words, sizeof words);
    ask(attack, HYPERCALL_UPDATE_VA, page * PAGE_SIZE, frame << PAGE_SHIFT | PTE_V | PTE_R | PTE_U, below(attack, 2));
    ask(attack, HYPERCALL_PIN_TABLE, frame, level, 0);
}

/* The victim's memory is a pattern but for its code and what the monitor built; it grants two pages to the first. */
static void begin_life(struct attack *attack)
{
    u8 page[PAGE_SIZE];
    attack->victim = new_domain(attack);
    for (u64 number = HANDLER / PAGE_SIZE + 1; number < VICTIM_END; number++) {
        memset(page, (int)(number + 1), sizeof page);
        t64_vm_write(attack->victim, number * PAGE_SIZE, page, sizeof page);
    }
    for (u32 i = 0; i < DOMAINS; i++)
        attack->domains[i] = new_domain(attack);
    attack->first_domain++;
    attack->guest = attack->victim;
    for (u32 writable = 0; writable < 2; writable++)
        require(ask(attack, HYPERCALL_GRANT_ACCESS, attack->first_domain,
                    t64_guest_frame(attack->victim, GIVEN + writable), writable) == writable, "it grants pages");
}

static void end_life(struct attack *attack)
{
    for (u32 i = 0; i < DOMAINS; i++)
        if (attack->domains[i])
            t64_vm_free(attack->domains[i]);
    t64_vm_free(attack->victim);
    attack->first_domain += DOMAINS;
}

/* A map of the victim's pages, which random arguments would seldom make. */
static void map_grant(struct attack *attack)
{
    u64 page = 8 + below(attack, 6), writable = below(attack, 2);
    ask(attack, HYPERCALL_UPDATE_VA, page * PAGE_SIZE, 0, 1);
    t64_vm_state(attack->guest)->x[A1 + 2] = writable;
    u64 granter = below(attack, 4) ? attack->first_domain - 1 : attack->first_domain + below(attack, DOMAINS);
    i64 result = ask(attack, HYPERCALL_GRANT_MAP, granter, below(attack, 3), page * PAGE_SIZE);
    attack->mapped += result == 0;
}

/* Pages given back and got again, which must be unmapped for it. */
static void use_balloon(struct attack *attack)
{
    struct t64_reservation_record records[3];
    bool gets = below(attack, 2);
    for (u32 i = 0; i < 3; i++) {
        u64 page = 8 + below(attack, 6);
        records[i] = (struct t64_reservation_record){.page = below(attack, 9) ? page : some_argument(attack)};
        if (!gets && below(attack, 4))
            ask(attack, HYPERCALL_UPDATE_VA, page * PAGE_SIZE, 0, below(attack, 2));
    }
    if (!below(attack, 4))
        t64_guest_set_target(attack->guest, PAGES - below(attack, 8));
    t64_vm_write(attack->guest, LISTS, (const u8 *)records, sizeof records);
    u64 number = gets ? HYPERCALL_INCREASE_RESERVATION : HYPERCALL_DECREASE_RESERVATION;
    attack->ballooned += ask(attack, number, LISTS, 1 + below(attack, 3), 0) == 0;
    for (u64 page = 8; gets && page < 14; page++)
        if (below(attack, 2))
            ask(attack, HYPERCALL_UPDATE_VA, page * PAGE_SIZE,
                t64_guest_frame(attack->guest, page) << PAGE_SHIFT | PTE_V | PTE_R | PTE_W | PTE_U, 1);
}

/* A ring with counts and requests that may be proper or not. */
static void use_ring(struct attack *attack)
{
    u64 page = 8 + below(attack, 6), ring = below(attack, 2), words[RING_DATA / 8 + DISK_SLOTS * DISK_SLOT_SIZE / 8];
    if (!below(attack, 4))
        ask(attack, HYPERCALL_RING_SETUP, ring, below(attack, 8) ? page * PAGE_SIZE : some_argument(attack), 0);
    for (u32 i = 0; i < sizeof words / sizeof *words; i++)
        words[i] = below(attack, 3) ? below(attack, 40) : some_argument(attack);
    for (u32 slot = 0; slot < DISK_SLOTS; slot++) { /* address and count, mostly such as could be */
        u64 *request = words + (RING_DATA + slot * DISK_SLOT_SIZE) / 8;
        request[1] = below(attack, 4);
        request[3] = below(attack, 20);
        request[4] = below(attack, 8) ? below(attack, PAGES) * PAGE_SIZE : some_argument(attack);
    }
    const struct t64_rings *rings = &((struct t64_vm *)attack->guest)->devices.rings;
    u64 open = ring == RING_DISK ? rings->disk.open : rings->console.open;
    u64 place = ring == RING_DISK ? rings->disk.page : rings->console.page;
    if (open) {
        if (ring == RING_DISK && below(attack, 4))
            words[0] = rings->disk.taken + below(attack, 6);
        t64_vm_write(attack->guest, place, (const u8 *)words, sizeof words);
    }
    attack->rung += ask(attack, HYPERCALL_DOORBELL, ring, 0, 0) == 0;
}

static u64 some_call(struct attack *attack)
{
    u64 number = below(attack, HYPERCALL_COUNT + 2);
    bool ends_life = number == HYPERCALL_SHUTDOWN || number == HYPERCALL_IRET;
    return ends_life && below(attack, 20) ? HYPERCALL_MMU_UPDATE : number;
}

static u64 some_place(struct attack *attack)
{
    switch (below(attack, 8)) {
    case 0:
        return LOAD;
    case 1:
    case 2:
        return STORE;
    default:
        return CODE + 4 * some_call(attack);
    }
}

/* Sometimes it is moved away from the middle of its hypercall, or goes back to it by a snapshot. */
static int run_on(struct attack *attack, u64 until)
{
    static u8 snapshot[MEMORY * 2 + DISK_CACHE_WRITES * sizeof(t64_disk_write)];
    require(t64_host_allow(attack->host, below(attack, 4) ? 1 + below(attack, 600) : WORK_LIMIT) == T64_OK, "it is allowed");
    int stop;
    while ((stop = t64_vm_run(attack->guest, until)) == T64_STOP_WORK && below(attack, 50)) {
        u64 size = t64_vm_save_size(attack->guest, true);
        attack->interrupted++;
        if (below(attack, 50) || size > sizeof snapshot)
            continue;
        require(t64_vm_save(attack->guest, snapshot, size, true) == T64_OK, "it is saved");
        int loaded = t64_vm_load(attack->guest, snapshot, size, false);
        require(loaded == T64_OK || loaded == T64_ERROR_BUSY, "and goes back");
    }
    return stop;
}

/* One attack. False if it ended the guest's life. */
static bool strike(struct attack *attack)
{
    t64_state *state = t64_vm_state(attack->guest);
    if (!below(attack, 10))
        make_table(attack);
    if (!below(attack, 10))
        map_grant(attack);
    if (!below(attack, 10))
        use_ring(attack);
    if (!below(attack, 10))
        use_balloon(attack);
    write_lists(attack);
    state->pc = some_place(attack);
    state->fresh = 0;
    for (u32 i = 0; i < 6; i++)
        state->x[A0 + i] = some_argument(attack);
    if (state->pc >= LOAD)
        state->x[A0] = some_address(attack);
    bool is_call = state->pc < LOAD;
    int stop = run_on(attack, state->retired + 1);
    attack->trapped += state->pc == HANDLER + 4;
    attack->refused += is_call && (i64)state->x[A0] < 0 && (i64)state->x[A0] > -100;
    attack->granted += is_call && state->x[A0] == 0;
    if (stop == T64_STOP_INPUT)
        t64_vm_input_end(attack->guest);
    if (stop == T64_STOP_OUTPUT) {
        u8 taken[512];
        t64_vm_output(attack->guest, taken, sizeof taken);
    }
    return stop != T64_STOP_EXIT && stop != T64_STOP_FAULT;
}

static void check(struct attack *attack)
{
    for (u32 i = 0; i < DOMAINS; i++)
        require(!attack->domains[i] || t64_guest_audit(attack->domains[i]) != T64_ERROR_VALUE, "the books equal a recount");
    require(t64_guest_audit(attack->victim) == T64_OK, "the victim's books, too");
    require(is_whole(attack->neighbour, 0, PAGES, PAGES), "the neighbour's memory is as it was");
    require(is_whole(attack->victim, HANDLER / PAGE_SIZE + 1, VICTIM_END, GIVEN + 1), "nothing else is written");
}

/* What is not known to have been written to is zero. */
static void check_untouched(struct t64_vm *vm)
{
    static const u8 zero[PAGE_SIZE];
    u8 page[PAGE_SIZE];
    for (u64 number = 0; vm && number < PAGES; number++) {
        t64_vm_read(vm, number * PAGE_SIZE, page, sizeof page);
        bool is_zero = !memcmp(page, zero, sizeof page);
        require(is_zero || phys_next_touched(&vm->phys, number) == number, "what was written to is known");
    }
}

/* Their turns are random; one that ended leaves the others what they have of it. */
static void live(struct attack *attack)
{
    begin_life(attack);
    for (u32 step = 1; step <= STEPS; step++) {
        t64_vm **domain = &attack->domains[below(attack, DOMAINS)];
        attack->guest = *domain;
        if (*domain && !strike(attack)) {
            t64_vm_free(*domain);
            *domain = NULL;
        }
        if (step % 4 == 0)
            check(attack);
    }
    check(attack);
    for (u32 i = 0; i < DOMAINS; i++)
        check_untouched(attack->domains[i]);
    end_life(attack);
}

int main(int count, char **words)
{
    u64 rounds = count > 1 ? strtoull(words[1], NULL, 0) : 300;
    struct attack attack = {.random = count > 2 ? strtoull(words[2], NULL, 0) : 0x7064};
    attack.host = t64_host_new(0x180000, LEVEL_STRICT);
    require(attack.host, "there is memory for a host");
    attack.neighbour = new_guest(attack.host, T64_TRAP);
    fill_neighbour(attack.neighbour);
    attack.first_domain = 2; /* the victim of the first life */
    u64 free_before = t64_host_frames_free(attack.host);
    for (u64 round = 0; round < rounds; round++) {
        live(&attack);
        require(t64_host_frames_free(attack.host) == free_before, "a guest's end gives all its frames back");
    }
    t64_host_free(attack.host);
    printf("%llu lives: %llu calls granted, %llu refused, %llu traps, %llu frames shared, %llu doorbells, %llu balloons, %llu interruptions\n", (unsigned long long)rounds,
           (unsigned long long)attack.granted, (unsigned long long)attack.refused, (unsigned long long)attack.trapped,
           (unsigned long long)attack.mapped, (unsigned long long)attack.rung,
           (unsigned long long)attack.ballooned, (unsigned long long)attack.interrupted);
    return 0;
}
