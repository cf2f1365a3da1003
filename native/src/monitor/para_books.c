/* The monitor's books about a paravirtual guest, in a snapshot.
 *
 * Its tables, and whatever its kernel remembers, hold host frame numbers. So a load does not translate: it gives the guest the
 * very frames that it had, if they are its own still or free.
 *
 *     struct books, the shared page, a u32 for the frame and a byte for the pin of each page
 */
#include "para.h"

#include "tables.h"

#include <stdlib.h>
#include <string.h>

struct saved_handler {
    u64 address, given, keeps_interrupts;
};

struct books {
    u64 pages;
    u64 roots[2]; /* page numbers, or all ones */
    u64 booted, broken;
    struct para_progress progress;
    struct saved_handler handlers[PARA_HANDLERS];
};

/* Where the parts of a saved copy lie, in bytes; all are unaligned. */
static u64 shared_at(void) { return sizeof(struct books); }

static u64 frames_at(void) { return shared_at() + FRAME_SIZE; }

static u64 pins_at(const struct t64_guest *guest) { return frames_at() + sizeof(u32) * (u64)guest->pages; }

u64 para_save_size(struct t64_vm *vm) { return pins_at(guest_of(vm)) + guest_of(vm)->pages; }

static u64 root_page(const struct t64_guest *guest, u32 mode)
{
    u32 root = guest->para->roots[mode];
    return root == FRAME_NONE ? T64_NOWHERE : guest->host->frames.all[root].page;
}

static void save_handlers(const struct para *para, struct books *books)
{
    for (u32 i = 0; i < PARA_HANDLERS; i++) {
        const struct para_handler *handler = &para->handlers[i];
        books->handlers[i] = (struct saved_handler){handler->address, handler->given, handler->keeps_interrupts};
    }
}

void para_save(struct t64_vm *vm, u8 *buffer)
{
    struct t64_guest *guest = guest_of(vm);
    const struct para *para = guest->para;
    struct books books = {.pages = guest->pages, .booted = para->booted, .broken = para->broken, .progress = para->progress};
    for (u32 mode = 0; mode < 2; mode++)
        books.roots[mode] = root_page(guest, mode);
    save_handlers(para, &books);
    memcpy(buffer, &books, sizeof books);
    memcpy(buffer + shared_at(), para_shared(guest, 0), FRAME_SIZE);
    memcpy(buffer + frames_at(), guest->frames, sizeof(u32) * guest->pages);
    for (u32 page = 0; page < guest->pages; page++)
        buffer[pins_at(guest) + page] = guest->host->frames.all[guest->frames[page]].pinned;
}

/* Loading. */

static u32 saved_frame(const u8 *buffer, u32 page)
{
    u32 frame;
    memcpy(&frame, buffer + frames_at() + sizeof frame * page, sizeof frame);
    return frame;
}

/* May the guest have all these frames? Marks each in `wanted`, to see that none comes twice. */
static bool frames_can_be_had(const struct t64_guest *guest, const u8 *buffer, u8 *wanted)
{
    const struct frames *frames = &guest->host->frames;
    for (u32 page = 0; page < guest->pages; page++) {
        u32 frame = saved_frame(buffer, page);
        if (frame >= frames->total || wanted[frame])
            return false;
        if (frames->all[frame].owner != FRAME_FREE && frames->all[frame].owner != guest->owner)
            return false;
        wanted[frame] = 1;
    }
    return true;
}

static bool books_are_sound(const struct t64_guest *guest, const u8 *buffer)
{
    struct books books;
    memcpy(&books, buffer, sizeof books);
    bool sound = books.pages == guest->pages;
    for (u32 mode = 0; mode < 2; mode++)
        sound &= books.roots[mode] == T64_NOWHERE || books.roots[mode] < guest->pages;
    for (u32 page = 0; sound && page < guest->pages; page++)
        sound = buffer[pins_at(guest) + page] <= 1 + FRAME_LEVEL2;
    return sound;
}

static void move_to(struct t64_guest *guest, const u8 *buffer, const u8 *wanted)
{
    struct frames *frames = &guest->host->frames;
    for (u32 page = 0; page < guest->pages; page++)
        if (!wanted[guest->frames[page]])
            host_give_back(guest->host, guest->frames[page]);
    for (u32 page = 0; page < guest->pages; page++) {
        u32 frame = saved_frame(buffer, page);
        if (frames->all[frame].owner == FRAME_FREE)
            frames_claim(frames, frame, guest->owner, page);
        frames->all[frame].page = page;
        guest->frames[page] = frame;
    }
    host_use_no_root(guest->host);
}

int para_prepare_load(struct t64_vm *vm, const u8 *buffer, u64 size)
{
    struct t64_guest *guest = guest_of(vm);
    if (size != para_save_size(vm) || !books_are_sound(guest, buffer))
        return T64_ERROR_SNAPSHOT;
    u8 *wanted = calloc(guest->host->frames.total, 1);
    if (!wanted)
        return T64_ERROR_MEMORY;
    bool can_move = frames_can_be_had(guest, buffer, wanted);
    if (can_move)
        move_to(guest, buffer, wanted);
    free(wanted);
    return can_move ? T64_OK : T64_ERROR_SNAPSHOT;
}

static void load_handlers(struct para *para, const struct books *books)
{
    for (u32 i = 0; i < PARA_HANDLERS; i++) {
        const struct saved_handler *handler = &books->handlers[i];
        para->handlers[i] = (struct para_handler){handler->address, handler->given != 0, handler->keeps_interrupts != 0};
    }
}

/* Types and counts follow from the pins and the tables, when the guest runs next. */
int para_load(struct t64_vm *vm, const u8 *buffer, u64 size)
{
    (void)size;
    struct t64_guest *guest = guest_of(vm);
    struct para *para = guest->para;
    struct books books;
    memcpy(&books, buffer, sizeof books);
    tables_forget(guest);
    for (u32 mode = 0; mode < 2; mode++)
        para->roots[mode] = books.roots[mode] == T64_NOWHERE ? FRAME_NONE : guest->frames[books.roots[mode]];
    for (u32 page = 0; page < guest->pages; page++)
        guest->host->frames.all[guest->frames[page]].pinned = buffer[pins_at(guest) + page];
    load_handlers(para, &books);
    para->progress = books.progress;
    para->booted = books.booted;
    para->broken = books.broken;
    para->doubtful = true;
    memcpy(para_shared(guest, 0), buffer + shared_at(), FRAME_SIZE);
    return T64_OK;
}
