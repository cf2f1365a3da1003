/* The monitor's books about a paravirtual guest, in a snapshot.
 *
 * Its tables, and whatever its kernel remembers, hold host frame numbers. So a load does not translate: it gives the
 * guest the very frames that it had, if they are its own still or free; those of the shared page and the window too.
 *
 * What ties it to other domains does not outlive a load, for they have not gone back with it: its channels to them and
 * its grants are free, and the entries that mapped frames of theirs are clear. While others map its frames it is refused.
 *
 *     struct books, the shared page, a u32 for each frame, a byte for the pin of each page
 */
#include "monitor/para/para.h"

#include <stdlib.h>
#include <string.h>

struct saved_handler {
    u64 address, given, keeps_interrupts;
};

struct books {
    u64 pages;
    u64 roots[2]; /* page numbers, or all ones */
    u64 booted, broken, pending, unsettled;
    struct saved_handler handlers[DOMAIN_HANDLERS];
    u64 target;
    u64 virq_ports[VIRQ_COUNT];
    u64 map_entries[GRANT_MAPS]; /* guest-physical; all ones: none */
};

/* Where the parts of a saved copy lie, in bytes; all are unaligned. */
static u64 shared_at(void) { return sizeof(struct books); }

static u64 frames_at(void) { return shared_at() + FRAME_SIZE; }

static u32 frame_count(const struct t64_guest *guest) { return guest->pages + DOMAIN_MONITOR_FRAMES; }

static u64 pins_at(const struct t64_guest *guest) { return frames_at() + sizeof(u32) * (u64)frame_count(guest); }

u64 para_save_size(struct t64_guest *guest) { return pins_at(guest) + guest->pages; }

/* Where the number of a frame is kept: first the monitor's, then those of the guest's pages. */
static u32 *frame_at(struct t64_guest *guest, u32 i)
{
    return i < DOMAIN_MONITOR_FRAMES ? &guest->domain->monitor_frames[i] : &guest->frames[i - DOMAIN_MONITOR_FRAMES];
}

static bool has_frame(const struct t64_guest *guest, u32 page) { return guest->frames[page] != FRAME_NONE; }

static struct frame *frame_of(const struct t64_guest *guest, u32 page)
{
    return &guest->host->frames.all[guest->frames[page]];
}

static u64 root_page(const struct t64_guest *guest, u32 mode)
{
    u32 root = guest->domain->roots[mode];
    return root == FRAME_NONE ? T64_NOWHERE : guest->host->frames.all[root].page;
}

static void save_handlers(const struct domain *domain, struct books *books)
{
    for (u32 i = 0; i < DOMAIN_HANDLERS; i++) {
        const struct domain_handler *handler = &domain->handlers[i];
        books->handlers[i] = (struct saved_handler){handler->address, handler->given, handler->keeps_interrupts};
    }
}

static u64 entry_place(const struct t64_guest *guest, t64_hpa entry)
{
    u64 page = guest->host->frames.all[entry.at >> FRAME_SHIFT].page;
    return page << FRAME_SHIFT | (entry.at & (FRAME_SIZE - 1));
}

static void save_links(const struct t64_guest *guest, struct books *books)
{
    const struct domain *domain = guest->domain;
    for (u32 virq = 0; virq < VIRQ_COUNT; virq++)
        books->virq_ports[virq] = domain->virq_ports[virq];
    for (u32 i = 0; i < GRANT_MAPS; i++)
        books->map_entries[i] = domain->maps[i].used ? entry_place(guest, domain->maps[i].entry) : T64_NOWHERE;
}

/* What settling would look at before the guest's next instruction, or behind the hypercall that is under way. */
static bool has_to_settle(const struct t64_guest *guest)
{
    return guest->unsettled || guest->settles || guest->domain->has_news;
}

void para_save(struct t64_guest *guest, u8 *buffer)
{
    const struct domain *domain = guest->domain;
    struct books books = {.pages = guest->pages, .booted = domain->booted, .broken = domain->broken,
                          .pending = domain->pending, .target = domain->target, .unsettled = has_to_settle(guest)};
    for (u32 mode = 0; mode < 2; mode++)
        books.roots[mode] = root_page(guest, mode);
    save_handlers(domain, &books);
    save_links(guest, &books);
    memcpy(buffer, &books, sizeof books);
    memcpy(buffer + shared_at(), domain_shared(guest, 0), FRAME_SIZE);
    for (u32 i = 0; i < frame_count(guest); i++)
        memcpy(buffer + frames_at() + sizeof(u32) * i, frame_at(guest, i), sizeof(u32));
    for (u32 page = 0; page < guest->pages; page++)
        buffer[pins_at(guest) + page] = has_frame(guest, page) ? frame_of(guest, page)->pinned : 0;
}

/* Loading. */

static u32 saved_frame(const u8 *buffer, u32 i)
{
    u32 frame;
    memcpy(&frame, buffer + frames_at() + sizeof frame * i, sizeof frame);
    return frame;
}

enum { MARK_OWN = 1, MARK_WANTED = 2 };

/* May the guest have all these frames, each once? An error if not. `marks` has a zero byte for each frame of the host. */
static int check_frames(struct t64_guest *guest, const u8 *buffer, u8 *marks)
{
    const struct frames *frames = &guest->host->frames;
    for (u32 i = 0; i < frame_count(guest); i++)
        if (*frame_at(guest, i) != FRAME_NONE)
            marks[*frame_at(guest, i)] = MARK_OWN;
    for (u32 i = 0; i < frame_count(guest); i++) {
        u32 frame = saved_frame(buffer, i);
        if (frame == FRAME_NONE && i >= DOMAIN_MONITOR_FRAMES)
            continue;
        if (frame >= frames->total)
            return frame == FRAME_NONE ? T64_ERROR_SNAPSHOT : T64_ERROR_FRAMES;
        if (marks[frame] & MARK_WANTED)
            return T64_ERROR_SNAPSHOT;
        if (frames->all[frame].owner != FRAME_FREE && !(marks[frame] & MARK_OWN))
            return T64_ERROR_FRAMES;
        marks[frame] |= MARK_WANTED;
    }
    return T64_OK;
}

static bool roots_have_frames(const struct books *books, const u8 *buffer)
{
    for (u32 mode = 0; mode < 2; mode++)
        if (books->roots[mode] != T64_NOWHERE &&
            saved_frame(buffer, DOMAIN_MONITOR_FRAMES + (u32)books->roots[mode]) == FRAME_NONE)
            return false;
    return true;
}

static bool flags_are_sound(const struct books *books)
{
    bool sound = books->booted <= 1 && books->broken <= 1 && books->unsettled <= 1 && !(books->pending >> DOMAIN_INTERRUPTS);
    for (u32 i = 0; i < DOMAIN_HANDLERS; i++)
        sound &= books->handlers[i].given <= 1 && books->handlers[i].keeps_interrupts <= 1;
    return sound;
}

/* Each virtual interrupt has a port to itself. */
static bool ports_are_sound(const struct books *books)
{
    u64 used = 0;
    for (u32 virq = 0; virq < VIRQ_COUNT; virq++) {
        u64 port = books->virq_ports[virq];
        if (port >= EVENT_PORTS || (port && used >> port & 1))
            return false;
        used |= (u64)1 << port;
    }
    return true;
}

static bool places_are_sound(const struct books *books, u64 memory)
{
    bool sound = true;
    for (u32 i = 0; i < GRANT_MAPS; i++)
        sound &= books->map_entries[i] == T64_NOWHERE ||
                 (books->map_entries[i] % sizeof(u64) == 0 && books->map_entries[i] < memory);
    return sound;
}

static bool books_are_sound(const struct t64_guest *guest, const u8 *buffer)
{
    struct books books;
    memcpy(&books, buffer, sizeof books);
    bool sound = books.pages == guest->pages && books.target <= guest->pages && flags_are_sound(&books) &&
                 ports_are_sound(&books) && places_are_sound(&books, guest->vm.phys.size);
    for (u32 mode = 0; mode < 2; mode++)
        sound &= books.roots[mode] == T64_NOWHERE || books.roots[mode] < guest->pages;
    for (u32 page = 0; sound && page < guest->pages; page++)
        sound = buffer[pins_at(guest) + page] <= 1 + FRAME_LEVEL2;
    return sound && roots_have_frames(&books, buffer);
}

static bool lives_there(struct t64_guest *guest, const u8 *buffer)
{
    for (u32 i = 0; i < frame_count(guest); i++)
        if (*frame_at(guest, i) != saved_frame(buffer, i))
            return false;
    return true;
}

/* Backwards there and forwards back: where the frames stay the same, each is found at the head of the free list. */
static void move_to(struct t64_guest *guest, const u8 *buffer)
{
    for (u32 i = frame_count(guest); i-- > 0;)
        if (*frame_at(guest, i) != FRAME_NONE)
            host_give_back(guest->host, *frame_at(guest, i));
    for (u32 i = 0; i < frame_count(guest); i++) {
        bool monitors = i < DOMAIN_MONITOR_FRAMES;
        *frame_at(guest, i) = saved_frame(buffer, i);
        if (*frame_at(guest, i) == FRAME_NONE)
            continue;
        frames_claim(&guest->host->frames, saved_frame(buffer, i), monitors ? FRAME_MONITOR : guest->owner,
                     monitors ? 0 : i - DOMAIN_MONITOR_FRAMES);
    }
    para_build_window(guest);
    host_use_no_root(guest->host);
}

static void leave_others(struct t64_guest *guest)
{
    events_close_all(guest);
    grants_leave(guest);
}

int para_prepare_load(struct t64_guest *guest, const u8 *buffer)
{
    if (!books_are_sound(guest, buffer))
        return T64_ERROR_SNAPSHOT;
    if (grants_are_mapped(guest))
        return T64_ERROR_BUSY;
    if (lives_there(guest, buffer)) {
        leave_others(guest);
        return T64_OK;
    }
    u8 *marks = calloc(guest->host->frames.total, 1);
    if (!marks)
        return T64_ERROR_MEMORY;
    int error = check_frames(guest, buffer, marks);
    free(marks);
    if (error)
        return error;
    leave_others(guest);
    move_to(guest, buffer);
    return T64_OK;
}

static void load_links(struct t64_guest *guest, const struct books *books)
{
    struct domain *domain = guest->domain;
    u64 nothing = 0;
    for (u32 virq = 0; virq < VIRQ_COUNT; virq++) {
        u32 port = (u32)books->virq_ports[virq];
        domain->virq_ports[virq] = port;
        if (port)
            domain->channels[port] = (struct event_channel){.state = EVENT_VIRQ, .port = virq};
    }
    for (u32 i = 0; i < GRANT_MAPS; i++)
        guest_write(guest, (t64_gpa){books->map_entries[i]}, &nothing, sizeof nothing);
}

static void load_handlers(struct domain *domain, const struct books *books)
{
    for (u32 i = 0; i < DOMAIN_HANDLERS; i++) {
        const struct saved_handler *handler = &books->handlers[i];
        bool keeps_interrupts = handler->keeps_interrupts != 0;
        domain->handlers[i] = (struct domain_handler){handler->address, handler->given != 0, keeps_interrupts};
    }
}

/* Types and counts follow from the pins and the tables, when the guest runs next. */
void para_load(struct t64_guest *guest, const u8 *buffer)
{
    struct domain *domain = guest->domain;
    struct books books;
    memcpy(&books, buffer, sizeof books);
    tables_forget(guest);
    for (u32 mode = 0; mode < 2; mode++)
        domain->roots[mode] = books.roots[mode] == T64_NOWHERE ? FRAME_NONE : guest->frames[books.roots[mode]];
    for (u32 page = 0; page < guest->pages; page++)
        if (has_frame(guest, page))
            frame_of(guest, page)->pinned = buffer[pins_at(guest) + page];
    load_handlers(domain, &books);
    load_links(guest, &books);
    domain->booted = books.booted;
    domain->broken = books.broken;
    domain->pending = books.pending;
    domain->target = books.target;
    guest->holes = 0;
    for (u32 page = 0; page < guest->pages; page++)
        guest->holes += !has_frame(guest, page);
    domain->has_news = false;
    guest->unsettled = guest->settles = books.unsettled;
    domain->doubtful = true;
    memcpy(domain_shared(guest, 0), buffer + shared_at(), FRAME_SIZE);
}
