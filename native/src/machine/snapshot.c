/* Snapshots: all of a computer's state as one run of bytes, little-endian, with magic, version, size and checksum.
 *
 *     header   magic "T64SNAP\0", version, kind, total size, checksum of what follows
 *     state    a u64 for each field of FIELDS, then the console's buffers, the disk's, and the rings
 *     extra    size and bytes of the carrier's own
 *     memory   for each page that is not all zero its number and its bytes, then all ones
 *     disk     is it here? The same, then, in pieces of 4096 bytes, the last one padded
 *     cache    for each write that waits its sector and what that held before, from the oldest on
 */
#include <stdlib.h>
#include <string.h>

#include "machine/system.h"
#include "isa.h"

enum { SNAPSHOT_VERSION = 6, PAGE = 4096, HEADER = 40 };
static const char magic[8] = "T64SNAP";

/* Every scalar that is state: CONSTANT(place) for what must be the same already, FIELD(place) for what a load sets. */
#define FIELDS \
    CONSTANT(phys.size) CONSTANT(level) CONSTANT(options) CONSTANT(info) T64_DEVICES(DEVICE_CONSTANTS) CONSTANT(devices.clock_base) \
    FIELD(state.pc) T64_STORED_REGISTERS(REGISTER) FIELD(state.retired) FIELD(state.skipped) FIELD(state.fresh) \
    FIELD(halted) FIELD(halted_as) FIELD(stop.fault) FIELD(stop.exit_code) FIELD(stop.cause) FIELD(stop.pc) FIELD(stop.tval) \
    FIELD(devices.exit_code) T64_DEVICES(DEVICE_FIELDS)
#define REGISTER(name, ...) FIELD(state.name)
#define DEVICE_CONSTANTS(name, NAME, ...) NAME##_CONSTANTS(CONSTANT)
#define DEVICE_FIELDS(name, NAME, ...) NAME##_FIELDS(FIELD)
#define DEVICE_BYTES(name, NAME, ...) NAME##_BYTES(BYTES)

static const u8 zeros[PAGE];

struct writer { u8 *at; u64 size; /* at NULL: only counts */ };
struct reader { const u8 *at; u64 left; bool ok; };

static void put(struct writer *out, const void *bytes, u64 size)
{
    if (out->at && size) {
        memcpy(out->at, bytes, size);
        out->at += size;
    }
    out->size += size;
}

static void put_u64(struct writer *out, u64 value) { put(out, &value, 8); }

/* The next bytes, or NULL, and not ok from then on, where there are too few. */
static const u8 *take(struct reader *in, u64 size)
{
    in->ok = in->ok && size <= in->left;
    if (!in->ok)
        return NULL;
    const u8 *bytes = in->at;
    in->at += size;
    in->left -= size;
    return bytes;
}

static void take_into(struct reader *in, void *to, u64 size)
{
    const u8 *bytes = take(in, size);
    if (bytes)
        memcpy(to, bytes, size);
}

static u64 take_u64(struct reader *in)
{
    u64 value = 0;
    take_into(in, &value, 8);
    return value;
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

static bool is_zero(const u8 *bytes, u64 size)
{
    for (u64 n = 0; n < size; n++)
        if (bytes[n])
            return false;
    return true;
}

static u64 disk_pieces(const struct t64_disk *disk) { return (disk->sectors + 7) / 8; }

static u64 piece_size(const struct t64_disk *disk, u64 number)
{
    u64 left = disk->sectors * 512 - number * PAGE;
    return left < PAGE ? left : PAGE;
}

/* The first piece from `number` on that is the `saved` one or may hold something; the disk's end if there is none. */
static u64 next_piece(const struct t64_disk *disk, u64 number, u64 saved)
{
    const u64 in_part = T64_DISK_PART / PAGE, end = disk_pieces(disk);
    while (number < end && number != saved && disk->parts && !disk->parts[number / in_part]) {
        u64 behind = (number / in_part + 1) * in_part;
        number = number < saved && saved < behind ? saved : behind;
    }
    return number < end ? number : end;
}

static void put_disk(struct writer *out, const struct t64_disk *disk)
{
    for (u64 n = 0; (n = next_piece(disk, n, T64_NOWHERE)) < disk_pieces(disk); n++) {
        if (is_zero(disk->data + n * PAGE, piece_size(disk, n)))
            continue;
        u8 piece[PAGE] = {0};
        memcpy(piece, disk->data + n * PAGE, piece_size(disk, n));
        put_u64(out, n);
        put(out, piece, PAGE);
    }
    put_u64(out, T64_NOWHERE);
}

static void put_cache(struct writer *out, const struct t64_disk *disk)
{
    for (u64 n = 0; n < disk->waiting; n++) {
        const struct t64_disk_write *write = disk_waiting(disk, n);
        put_u64(out, write->sector);
        put(out, write->before, sizeof write->before);
    }
}

static void put_memory(struct writer *out, struct t64_vm *vm)
{
    for (u64 page = 0; (page = t64_vm_next_page(vm, page)) != T64_NOWHERE; page++) {
        put_u64(out, page);
        put(out, phys_at(&vm->phys, (t64_gpa){page << 12}), PAGE);
    }
    put_u64(out, T64_NOWHERE);
}

static void put_body(struct writer *out, struct t64_vm *vm, bool disk)
{
    devices_advance(&vm->devices, vm_time(vm));
#define FIELD(place) put_u64(out, (u64)vm->place);
#define CONSTANT(place) FIELD(place)
    FIELDS
#undef FIELD
#undef CONSTANT
    put(out, vm->state.x, 32 * 8);
#define BYTES(place) put(out, vm->place, sizeof vm->place);
    T64_DEVICES(DEVICE_BYTES)
#undef BYTES
    put(out, &vm->devices.rings, sizeof vm->devices.rings);
    u64 extra = vm->ops->save_size ? vm->ops->save_size(vm) : 0;
    put_u64(out, extra);
    if (extra && out->at) {
        vm->ops->save(vm, out->at);
        out->at += extra;
    }
    out->size += extra;
    put_memory(out, vm);
    put_u64(out, disk);
    if (disk)
        put_disk(out, &vm->devices.disk);
    put_cache(out, &vm->devices.disk);
}

uint64_t t64_vm_save_size(t64_vm *vm, uint32_t disk)
{
    struct writer out = {NULL, HEADER};
    put_body(&out, vm, disk);
    return out.size;
}

int t64_vm_save(t64_vm *vm, uint8_t *buffer, uint64_t size, uint32_t disk)
{
    if (size != t64_vm_save_size(vm, disk))
        return T64_ERROR_RANGE;
    struct writer body = {buffer + HEADER, 0};
    put_body(&body, vm, disk);
    struct writer header = {buffer, 0};
    put(&header, magic, 8);
    put_u64(&header, SNAPSHOT_VERSION);
    put_u64(&header, vm->kind);
    put_u64(&header, size);
    put_u64(&header, checksum(buffer + HEADER, size - HEADER));
    return T64_OK;
}

/* ---- loading: everything is checked before anything is changed ---- */

static bool devices_are_sound(const struct t64_devices *devices)
{
#define SOUND(name, ...) && name##_is_sound(&devices->name)
    return true T64_DEVICES(SOUND);
#undef SOUND
}

static bool page_is_sound(u64 open, u64 page, u64 memory) { return !open || (page % PAGE == 0 && page < memory); }

/* What a hypercall under way may have come to; what it names is looked at when it goes on. */
static bool progress_is_sound(const struct t64_call_progress *progress)
{
    return progress->word <= UINT32_MAX && progress->done <= MAXIMUM_CONSOLE_BYTES && progress->stage <= 1 &&
           progress->calls <= MAXIMUM_RECORDS && progress->nested <= 1;
}

/* Requests are checked when they are done. */
static bool rings_are_sound(const struct t64_vm *vm)
{
    const struct t64_disk_ring *disk = &vm->devices.rings.disk;
    const struct t64_console_ring *console = &vm->devices.rings.console;
    bool offered = vm->info & INFO_HYPERCALLS;
    return disk->open <= offered && console->open <= offered && disk->raised <= 1 &&
           disk->taken - disk->answered <= DISK_SLOTS && (disk->open || disk->taken == disk->answered) &&
           page_is_sound(disk->open, disk->page, vm->phys.size) && page_is_sound(console->open, console->page, vm->phys.size) &&
           progress_is_sound(&vm->devices.rings.progress);
}

static bool state_is_sound(const struct t64_vm *vm)
{
    const struct t64_state *state = &vm->state;
    bool sound = state->x[0] == 0 && state->fresh <= 1;
#define HOLDS(name, NAME, writable, ...) sound &= !(state->name & ~(writable | (CR_##NAME == CR_STATUS ? STATUS_MODE : 0)));
    T64_STORED_REGISTERS(HOLDS)
#undef HOLDS
    return sound;
}

/* Only what is latched has a fault, and one that there is. */
static bool stop_is_sound(const struct t64_vm *vm)
{
    bool faulted = vm->stop.fault != T64_FAULT_NONE;
    if (vm->stop.fault > T64_FAULT_BAD_PAGE_TABLE)
        return false;
    return vm->halted ? vm->halted_as == (faulted ? T64_STOP_FAULT : T64_STOP_EXIT) : !faulted;
}

static bool take_state(struct reader *in, struct t64_vm *vm)
{
    u64 value;
#define FIELD(place) \
    value = take_u64(in); \
    vm->place = value; \
    if ((u64)vm->place != value) return false; /* more than it can hold */
#define CONSTANT(place) if (take_u64(in) != (u64)vm->place) return false;
    FIELDS
#undef FIELD
#undef CONSTANT
    take_into(in, vm->state.x, 32 * 8);
#define BYTES(place) take_into(in, vm->place, sizeof vm->place);
    T64_DEVICES(DEVICE_BYTES)
#undef BYTES
    take_into(in, &vm->devices.rings, sizeof vm->devices.rings);
    return in->ok && devices_are_sound(&vm->devices) && rings_are_sound(vm) &&
           state_is_sound(vm) && stop_is_sound(vm);
}

/* Numbered pieces in rising order, up to all ones. */
static bool pass_pieces(struct reader *in, u64 limit)
{
    u64 next = 0, number;
    while (in->ok && (number = take_u64(in)) != T64_NOWHERE) {
        if (number < next || number >= limit)
            return false;
        take(in, PAGE);
        next = number + 1;
    }
    return in->ok;
}

/* Does the disk hold this piece, zeros where none was saved? `next` is the number of the one that comes next. */
static bool holds_piece(const struct t64_disk *disk, u64 number, const struct reader *in, u64 next)
{
    return !memcmp(disk->data + number * PAGE, next == number ? in->at : zeros, piece_size(disk, number));
}

static void pass_piece(struct reader *in, u64 *next, u64 number)
{
    if (*next != number)
        return;
    take(in, PAGE);
    *next = take_u64(in);
}

static bool disk_is_as_saved(const struct t64_disk *disk, struct reader in)
{
    u64 next = take_u64(&in);
    for (u64 n = 0; (n = next_piece(disk, n, next)) < disk_pieces(disk); pass_piece(&in, &next, n++))
        if (!holds_piece(disk, n, &in, next))
            return false;
    return true;
}

/* Only where it differs: there what the guest finds is no more what the host's file has. */
static void load_disk(struct t64_disk *disk, struct reader *in)
{
    u64 next = take_u64(in);
    for (u64 n = 0; (n = next_piece(disk, n, next)) < disk_pieces(disk); pass_piece(in, &next, n++)) {
        if (holds_piece(disk, n, in, next))
            continue;
        if (next == n)
            memcpy(disk->data + n * PAGE, in->at, piece_size(disk, n));
        else
            memset(disk->data + n * PAGE, 0, piece_size(disk, n));
        disk->dirty = true;
        if (disk->marks)
            memset(disk->marks + n * PAGE / SECTOR_SIZE, 1, piece_size(disk, n) / SECTOR_SIZE);
    }
}

static bool pass_cache(struct reader *in, const struct t64_disk *disk)
{
    bool sound = true;
    for (u64 n = 0; in->ok && n < disk->waiting; n++) {
        sound &= take_u64(in) < disk->sectors;
        take(in, SECTOR_SIZE);
    }
    return sound && in->ok;
}

static void load_cache(struct t64_disk *disk, struct reader *in)
{
    disk->first = 0;
    for (u64 n = 0; n < disk->waiting; n++) {
        disk->writes[n].sector = take_u64(in);
        take_into(in, disk->writes[n].before, SECTOR_SIZE);
    }
}

/* Only where it differs: elsewhere decoded code stays. A carrier with books has to be told of every page when it has them. */
static void load_memory(struct t64_vm *vm, struct reader *in)
{
    u64 next = take_u64(in);
    for (u64 page = 0;; page++) {
        u64 touched = phys_next_touched(&vm->phys, page);
        page = next < touched ? next : touched;
        if (page == T64_NOWHERE)
            return;
        t64_gpa gpa = {page << 12};
        const u8 *piece = page == next ? take(in, PAGE) : zeros, *held = phys_at(&vm->phys, gpa);
        if (held && memcmp(held, piece, PAGE)) {
            phys_write(&vm->phys, gpa, piece, PAGE);
            if (!vm->ops->load)
                vm->ops->memory_changed(vm, gpa, PAGE);
        }
        if (page == next)
            next = take_u64(in);
    }
}

static bool header_is_sound(const struct t64_vm *vm, const u8 *buffer, u64 size)
{
    struct reader in = {buffer, size, size >= HEADER};
    const u8 *first = take(&in, 8);
    return first && !memcmp(first, magic, 8) && take_u64(&in) == SNAPSHOT_VERSION && take_u64(&in) == vm->kind &&
           take_u64(&in) == size && take_u64(&in) == checksum(buffer + HEADER, size - HEADER);
}

/* Where the parts of a body begin. */
struct parts {
    struct reader extra, memory, disk, cache;
    u64 extra_size, has_disk;
};

/* False unless all of them are sound. */
static bool find_parts(const struct t64_vm *loaded, struct reader in, struct parts *parts)
{
    const struct t64_disk *disk = &loaded->devices.disk;
    parts->extra_size = take_u64(&in);
    parts->extra = in;
    take(&in, parts->extra_size);
    parts->memory = in;
    bool sound = pass_pieces(&in, loaded->phys.size >> 12);
    parts->has_disk = take_u64(&in);
    parts->disk = in;
    sound = sound && parts->has_disk <= 1 && (!parts->has_disk || pass_pieces(&in, disk_pieces(disk)));
    parts->cache = in;
    return sound && pass_cache(&in, disk) && !in.left && (loaded->ops->prepare || !parts->extra_size);
}

/* May the disk become what was saved of it? One that is only read is for others, too. */
static int check_disk(const struct t64_disk *disk, const struct parts *parts)
{
    if (!parts->has_disk)
        return T64_ERROR_DISK;
    return disk->writable || disk_is_as_saved(disk, parts->disk) ? T64_OK : T64_ERROR_SNAPSHOT;
}

/* `loaded` is a copy of vm with the snapshot's state: nothing can fail any more. */
static void commit(struct t64_vm *vm, const struct t64_vm *loaded, struct parts *parts, bool keeps_disk)
{
    struct t64_disk *disk = &vm->devices.disk;
    *vm = *loaded;
    load_memory(vm, &parts->memory);
    if (keeps_disk) {
        disk_flush(disk);
    } else {
        load_disk(disk, &parts->disk);
        load_cache(disk, &parts->cache);
    }
    if (vm->ops->load) {
        vm->ops->load(vm, parts->extra.at, parts->extra_size);
        for (u64 page = 0; (page = phys_next_touched(&vm->phys, page)) != T64_NOWHERE; page++)
            vm->ops->memory_changed(vm, (t64_gpa){page << 12}, PAGE);
    }
    vm->ops->state_changed(vm);
    modelled_flush(vm->modelled_tlb);
}

int t64_vm_load(t64_vm *vm, const uint8_t *buffer, uint64_t size, uint32_t keeps_disk)
{
    if (!header_is_sound(vm, buffer, size))
        return T64_ERROR_SNAPSHOT;
    struct t64_vm *loaded = malloc(sizeof *loaded);
    if (!loaded)
        return T64_ERROR_MEMORY;
    *loaded = *vm;
    struct reader in = {buffer + HEADER, size - HEADER, true};
    struct parts parts;
    int result = take_state(&in, loaded) && find_parts(loaded, in, &parts) ? T64_OK : T64_ERROR_SNAPSHOT;
    if (result == T64_OK && !keeps_disk)
        result = check_disk(&loaded->devices.disk, &parts);
    if (result == T64_OK && vm->ops->prepare)
        result = vm->ops->prepare(vm, parts.extra.at, parts.extra_size);
    if (result == T64_OK)
        commit(vm, loaded, &parts, keeps_disk);
    free(loaded);
    return result;
}
