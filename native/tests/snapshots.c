/* Snapshots with one byte changed and the checksum right again: each is refused, with nothing changed, or is a state that the computer
 * can be in, run from and saved in. None may crash, hang, or outlive the load of a good one. */
#include <string.h>
#include <unistd.h>

#include "monitor/guest/guest.h"
#include "assemble.h"
#include "hypercalls.h"

enum {
    MEMORY = 0x10000, CODE = 0x1000, CALLS = 0x2000, LIST = 0x3000, RINGS = 0x4000,
    CHECKSUM_AT = 32, HEADER = 40,
    FIELDS_END = 800, /* the header, scalars and registers end before; the console's buffers follow */
    BOOKS = CONSOLE_OUTPUT_SIZE + CONSOLE_INPUT_SIZE, /* and here, the disk's buffer, rings, and the monitor's books */
    BOOKS_END = BOOKS + 4096,
    STRIDE = 97, /* through what is data alone */
    STEPS = 150,
};

struct subject {
    const char *name;
    int technique; /* -1: the bare machine */
    u32 options;
    u32 density; /* every so manieth byte of the books */
};

/* Goes round: memory, the console's input and the disk's data, as its technique has them. */
static void place_program(t64_vm *vm, bool is_para)
{
    const u32 words[] = {
        word_i(INSN_ADDI, A0, ZERO, LIST),
        word_i(INSN_ADDI, A1, ZERO, 2),
        is_para ? word_u(INSN_HCALL, 0, HYPERCALL_CONSOLE_READ) : word_i(INSN_IN, T2, ZERO, PORT_CONSOLE_IN),
        is_para ? word_u(INSN_HCALL, 0, HYPERCALL_YIELD) : word_i(INSN_IN, T2, ZERO, PORT_DISK_DATA),
        word_i(INSN_SD, T0, ZERO, LIST),
        word_i(INSN_LD, T1, ZERO, LIST),
        word_i(INSN_JAL, ZERO, ZERO, -6),
    };
    place(vm, CODE, words, sizeof words / sizeof *words);
}

static u64 checksum(const u8 *bytes, u64 size)
{
    u64 sum = 0xcbf29ce484222325;
    for (u64 part; size; bytes += part, size -= part) {
        u64 word = 0;
        part = size < 8 ? size : 8;
        memcpy(&word, bytes, part);
        sum = (sum ^ word) * 0x100000001b3;
        sum ^= sum >> 29;
    }
    return sum;
}

static void ask(t64_vm *vm, u64 number, u64 a0, u64 a1, u64 a2)
{
    t64_state *state = t64_vm_state(vm);
    state->pc = CALLS + 4 * number;
    state->x[A0] = a0, state->x[A1] = a1, state->x[A1 + 1] = a2;
    t64_vm_run(vm, state->retired + 1);
    require((i64)state->x[A0] >= 0, "the call is granted");
}

/* Handlers, a disk's request on its way, bytes for the console, and events. */
static void use_calls(t64_vm *vm, bool is_para)
{
    u32 calls[HYPERCALL_COUNT];
    const struct t64_trap_record handler = {.cause = TRAP_ANY, .handler = CODE};
    const struct t64_disk_request_record request = {.operation = DISK_READ, .count = 1, .address = LIST + 512};
    const u64 written = 1;
    for (u32 number = 0; number < HYPERCALL_COUNT; number++)
        calls[number] = word_u(INSN_HCALL, 0, (i32)number);
    place(vm, CALLS, calls, HYPERCALL_COUNT);
    t64_vm_write(vm, LIST, (const u8 *)&handler, sizeof handler);
    if (is_para) {
        ask(vm, HYPERCALL_SET_TRAP_TABLE, LIST, 1, 0);
        ask(vm, HYPERCALL_EVENT_BIND_VIRQ, VIRQ_DISK, 0, 0);
    }
    ask(vm, HYPERCALL_RING_SETUP, RING_CONSOLE, RINGS, 0);
    ask(vm, HYPERCALL_RING_SETUP, RING_DISK, RINGS + PAGE_SIZE, 0);
    t64_vm_write(vm, RINGS + PAGE_SIZE + RING_DATA, (const u8 *)&request, sizeof request);
    t64_vm_write(vm, RINGS + PAGE_SIZE, (const u8 *)&written, sizeof written);
    ask(vm, HYPERCALL_DOORBELL, RING_DISK, 0, 0);
}

static t64_vm *new_subject(const struct subject *subject, t64_host *host)
{
    static u8 disk[4 * SECTOR_SIZE];
    static t64_disk_write writes[DISK_CACHE_WRITES];
    t64_config config = {.memory = MEMORY, .disk_latency = 400, .level = LEVEL_STRICT, .options = subject->options};
    t64_vm *vm = host ? t64_guest_new(host, (u32)subject->technique, &config) : t64_machine_new(&config);
    bool is_para = subject->technique == T64_PARA, calls = is_para || subject->options & T64_OPTION_HYPERCALLS;
    require(vm, "there is memory for it");
    t64_vm_disk(vm, disk, sizeof disk / SECTOR_SIZE, true);
    t64_vm_disk_cache(vm, writes);
    disk_note_writes(&vm->devices.disk, 1, 2); /* they wait */
    place_program(vm, is_para);
    require(t64_vm_boot(vm, CODE) == T64_OK, "it boots");
    if (calls)
        use_calls(vm, is_para);
    t64_vm_state(vm)->pc = CODE;
    t64_vm_set_cr(vm, CR_TVEC, CODE);
    t64_vm_input(vm, (const u8 *)"input", 5);
    if (!is_para)
        vm->devices.disk.busy = true, vm->devices.disk.command = 1, vm->devices.disk.ready = vm_time(vm) + 300;
    t64_vm_run(vm, t64_vm_state(vm)->retired + 4);
    return vm;
}

static u8 *save(t64_vm *vm, u64 *size)
{
    *size = t64_vm_save_size(vm, true);
    u8 *bytes = malloc(*size);
    require(bytes && t64_vm_save(vm, bytes, *size, true) == T64_OK, "any state can be saved");
    return bytes;
}

static void require_saves_as(t64_vm *vm, const u8 *bytes, u64 size, const char *claim)
{
    u64 now_size;
    u8 *now = save(vm, &now_size);
    require(now_size == size && !memcmp(now, bytes, size), claim);
    free(now);
}

/* From whatever state it is in, for a while. */
static void run(t64_vm *vm)
{
    u8 taken[512];
    u64 until = t64_vm_state(vm)->retired + STEPS;
    until = until < STEPS ? T64_NOWHERE : until;
    for (u32 n = 0; n < 50; n++) {
        int stop = t64_vm_run(vm, until);
        require(stop >= 0, "a run stops as runs do");
        const t64_stop_info *info = t64_vm_stop_info(vm);
        require(info->fault <= T64_FAULT_BAD_PAGE_TABLE, "a fault is one that there is");
        require((stop == T64_STOP_FAULT) == (info->fault != T64_FAULT_NONE), "a stop with a fault is one");
        require((stop == T64_STOP_FAULT || stop == T64_STOP_EXIT) == t64_vm_halted(vm), "what has ended stays so");
        if (stop == T64_STOP_INPUT)
            t64_vm_input_end(vm);
        if (stop == T64_STOP_OUTPUT)
            t64_vm_output(vm, taken, sizeof taken);
        if (stop == T64_STOP_WAIT)
            t64_vm_skip(vm);
        t64_vm_next_event(vm);
    }
}

struct snapshot {
    u8 *whole, *changed;
    u64 size;
};

/* Load it with a byte changed, now and then without what it has of the disk. Was it taken? */
static bool try_one(t64_vm *vm, const struct snapshot *snapshot, u64 at, u8 mask)
{
    u64 size = snapshot->size;
    memcpy(snapshot->changed, snapshot->whole, size);
    snapshot->changed[at] ^= mask;
    u64 sum = checksum(snapshot->changed + HEADER, size - HEADER);
    memcpy(snapshot->changed + CHECKSUM_AT, &sum, sizeof sum);
    int result = t64_vm_load(vm, snapshot->changed, size, mask == 0x80);
    require(result == T64_OK || result == T64_ERROR_SNAPSHOT || result == T64_ERROR_FRAMES, "it is loaded or refused");
    if (result != T64_OK) {
        require_saves_as(vm, snapshot->whole, size, "what is refused changes nothing");
        return false;
    }
    run(vm);
    free(save(vm, &sum));
    require(t64_vm_load(vm, snapshot->whole, size, false) == T64_OK, "the whole one is taken afterwards");
    return true;
}

static u64 step_at(const struct subject *subject, u64 at)
{
    if (at < FIELDS_END)
        return 1;
    return at >= BOOKS && at < BOOKS_END ? subject->density : STRIDE;
}

static void try_all(const struct subject *subject, t64_vm *vm)
{
    static const u8 masks[] = {0x01, 0x80, 0xff};
    u64 taken = 0, tried = 0;
    struct snapshot snapshot;
    snapshot.whole = save(vm, &snapshot.size);
    snapshot.changed = malloc(snapshot.size);
    require(snapshot.changed, "there is memory for a copy");
    for (u64 at = HEADER; at < snapshot.size; at += step_at(subject, at))
        for (u32 n = 0; n < (at < FIELDS_END && subject->density == 1 ? 3 : 1); n++, tried++)
            taken += try_one(vm, &snapshot, at, masks[(at + n) % 3]);
    require_saves_as(vm, snapshot.whole, snapshot.size, "nothing of the others is left");
    printf("%s: %llu of %llu taken\n", subject->name, (unsigned long long)taken, (unsigned long long)tried);
    free(snapshot.changed);
    free(snapshot.whole);
}

static void require_refused(t64_vm *vm, const char *claim)
{
    u64 size;
    u8 *snapshot = save(vm, &size);
    require(t64_vm_load(vm, snapshot, size, false) == T64_ERROR_SNAPSHOT, claim);
    free(snapshot);
}

/* Snapshots of a write cache as there can be none. */
static void try_cache(t64_vm *vm)
{
    struct t64_disk *disk = &vm->devices.disk;
    disk_flush(disk);
    disk_note_writes(disk, 1, 1);
    disk->writes[0].sector = disk->sectors;
    require_refused(vm, "a write beyond the disk is refused");
    disk->writes[0].sector = 0;
    disk->waiting = DISK_CACHE_WRITES + 1;
    require_refused(vm, "so are more writes than there is room for");
    disk_flush(disk);
    u64 size;
    u8 *snapshot = save(vm, &size);
    disk->cache = 0;
    require(t64_vm_load(vm, snapshot, size, false) == T64_ERROR_SNAPSHOT, "a disk without a cache is another one");
    disk->cache = DISK_CACHE_WRITES;
    free(snapshot);
}

/* The scalars alone, of one that has ended. */
static void try_fields(t64_vm *vm)
{
    struct snapshot snapshot;
    snapshot.whole = save(vm, &snapshot.size);
    snapshot.changed = malloc(snapshot.size);
    require(snapshot.changed, "there is memory for a copy");
    for (u64 at = HEADER; at < FIELDS_END; at++)
        try_one(vm, &snapshot, at, at % 8 ? 0xff : 1 << at / 8 % 4);
    free(snapshot.changed);
    free(snapshot.whole);
}

int main(void)
{
    static const struct subject subjects[] = {
        {"bare", -1, 0, 1},
        {"trap", T64_TRAP, 0, 7},
        {"trap+hypercalls", T64_TRAP, T64_OPTION_HYPERCALLS, 1},
        {"hybrid", T64_HYBRID, 0, 7},
        {"rewrite+hypercalls", T64_REWRITE, T64_OPTION_HYPERCALLS, 7},
        {"para", T64_PARA, 0, 1},
        {"assist", T64_ASSIST, 0, 7},
        {"assist+shadow+hypercalls", T64_ASSIST, T64_OPTION_SHADOW | T64_OPTION_HYPERCALLS, 7},
        {"custom", T64_CUSTOM, 0, 7},
    };
    alarm(300); /* a hang is an end, too */
    for (u32 n = 0; n < sizeof subjects / sizeof *subjects; n++) {
        const struct subject *subject = &subjects[n];
        t64_host *host = subject->technique < 0 ? NULL : t64_host_new(0x100000, LEVEL_ASSIST);
        t64_vm *vm = new_subject(subject, host);
        try_all(subject, vm);
        try_cache(vm);
        system_power_off(vm);
        try_fields(vm);
        system_fault(vm, T64_FAULT_DOUBLE, CAUSE_BREAK, CODE, 0);
        try_fields(vm);
        t64_vm_free(vm);
        if (host)
            t64_host_free(host);
    }
    return 0;
}
