/* A guest's life: made on a host, told of changes from outside, freed; with its host at the latest. */
#include "machine/machine.h"
#include "monitor/guest/guest.h"

#include <stdlib.h>

static int guest_boot(struct t64_vm *vm, u64 entry)
{
    struct t64_guest *guest = guest_of(vm);
    guest->exit_waits = guest->unsettled = guest->settles = false;
    guest_serve(guest);
    if (guest->technique->hypercalls)
        guest->technique->hypercalls->forget(guest);
    return guest->technique->boot(guest, entry);
}

static void guest_state_changed(struct t64_vm *vm)
{
    struct t64_guest *guest = guest_of(vm);
    guest->exit_waits = false;
    guest_serve(guest);
    guest->technique->state_changed(guest);
}

/* Comes page by page, for a guest's pages lie scattered. */
static void guest_memory_changed(struct t64_vm *vm, t64_gpa gpa, u64 size)
{
    struct t64_guest *guest = guest_of(vm);
    if (phys_is_hole(&vm->phys, gpa))
        return;
    guest_serve(guest);
    host_memory_changed(guest->host, phys_locate(&vm->phys, gpa), size);
    guest->technique->memory_changed(guest, gpa, size);
}

static void unlink_guest(struct t64_guest *guest)
{
    struct t64_guest **link = &guest->host->guests;
    while (*link && *link != guest)
        link = &(*link)->next;
    if (*link)
        *link = guest->next;
}

static void unlink_woken(struct t64_guest *guest)
{
    struct t64_guest **link = &guest->host->woken;
    while (*link && *link != guest)
        link = &(*link)->next_woken;
    if (*link)
        *link = guest->next_woken;
    guest->is_woken = false;
}

void guest_note_woken(struct t64_guest *guest)
{
    if (guest->is_woken)
        return;
    guest->is_woken = true;
    guest->next_woken = guest->host->woken;
    guest->host->woken = guest;
}

t64_vm *t64_host_woken(t64_host *host)
{
    struct t64_guest *guest = host->woken;
    if (!guest)
        return NULL;
    unlink_woken(guest);
    return &guest->vm;
}

static void give_back_memory(struct t64_guest *guest)
{
    for (u32 page = 0; page < guest->pages; page++)
        if (guest->frames[page] != FRAME_NONE && !frames_orphan(&guest->host->frames, guest->frames[page]))
            host_give_back(guest->host, guest->frames[page]);
    free(guest->frames);
}

static void guest_free(struct t64_vm *vm)
{
    struct t64_guest *guest = guest_of(vm);
    unlink_guest(guest);
    unlink_woken(guest);
    guest_serve(guest);
    guest->technique->close(guest);
    give_back_memory(guest);
    guest->host->frames.served = NULL;
    host_use_no_root(guest->host);
    if (guest->host->kernels)
        cpu_carry(guest->host->kernels, NULL);
    if (guest->host->stepper)
        cpu_carry(guest->host->stepper, NULL);
    free(guest);
}

static u64 guest_translate(struct t64_vm *vm, t64_gva gva, u32 rights)
{
    const struct technique *technique = guest_of(vm)->technique;
    return technique->translate ? technique->translate(guest_of(vm), gva, rights) : vm_translate(vm, gva, rights);
}

static struct t64_instant guest_next_event(struct t64_vm *vm)
{
    const struct technique *technique = guest_of(vm)->technique;
    return technique->next_event ? technique->next_event(guest_of(vm)) : system_next_wake(vm);
}

/* Snapshots. */

static u64 guest_save_size(struct t64_vm *vm)
{
    const struct technique *technique = guest_of(vm)->technique;
    return technique->save_size ? technique->save_size(guest_of(vm)) : 0;
}

static void guest_save(struct t64_vm *vm, u8 *buffer) { guest_of(vm)->technique->save(guest_of(vm), buffer); }

static int guest_prepare_load(struct t64_vm *vm, const u8 *buffer, u64 size)
{
    struct t64_guest *guest = guest_of(vm);
    if (size != guest_save_size(vm))
        return T64_ERROR_SNAPSHOT;
    guest_serve(guest);
    return guest->technique->prepare_load ? guest->technique->prepare_load(guest, buffer) : T64_OK;
}

static void guest_load(struct t64_vm *vm, const u8 *buffer, u64 size)
{
    (void)size;
    if (guest_of(vm)->technique->load)
        guest_of(vm)->technique->load(guest_of(vm), buffer);
}

static const struct t64_vm_ops guest_ops = {
    .run = guest_run,
    .boot = guest_boot,
    .free = guest_free,
    .state_changed = guest_state_changed,
    .memory_changed = guest_memory_changed,
    .translate = guest_translate,
    .next_event = guest_next_event,
    .save_size = guest_save_size,
    .save = guest_save,
    .prepare = guest_prepare_load,
    .load = guest_load,
};

/* Frames for the pages from `page` on: a run where its technique has a use for one and the host has it. How many. */
static u32 take_pages(struct t64_guest *guest, u32 page)
{
    struct frames *frames = &guest->host->frames;
    bool may_be_run = guest->technique->takes_runs && page % FRAME_RUN == 0 && guest->pages - page >= FRAME_RUN;
    u32 first = may_be_run ? frames_take_run(frames, guest->owner, page) : FRAME_NONE;
    if (first == FRAME_NONE) {
        guest->frames[page] = frames_take(frames, guest->owner, page);
        return 1;
    }
    for (u32 i = 0; i < FRAME_RUN; i++)
        guest->frames[page + i] = first + i;
    return FRAME_RUN;
}

/* Scattered frames for all its pages; false, and none taken, if there are too few. */
static bool take_memory(struct t64_guest *guest, u64 size)
{
    guest->pages = (u32)(size >> FRAME_SHIFT);
    if (guest->host->frames.free < guest->pages)
        return false;
    guest->frames = calloc(guest->pages, sizeof *guest->frames);
    for (u32 page = 0; guest->frames && page < guest->pages;)
        page += take_pages(guest, page);
    return guest->frames != NULL;
}

static void become_computer(struct t64_guest *guest, u32 number, const t64_config *config)
{
    struct t64_vm *vm = &guest->vm;
    vm_reset(vm, config);
    vm->phys = guest->host->hardware.phys;
    vm->phys.size = config->memory;
    vm->phys.frames = guest->frames;
    vm->level = guest->host->hardware.level;
    vm->kind = 1 + number;
    vm->ops = &guest_ops;
}

static bool open_technique(struct t64_guest *guest)
{
    if (guest->technique->open(guest))
        return true;
    guest->technique->close(guest);
    return false;
}

static bool guest_open(struct t64_guest *guest, u32 number, const t64_config *config)
{
    guest->owner = guest->host->next_owner++;
    guest_serve(guest);
    if (!take_memory(guest, config->memory))
        return false;
    become_computer(guest, number, config);
    if (open_technique(guest))
        return true;
    give_back_memory(guest);
    return false;
}

t64_vm *guest_new(struct t64_host *host, const struct technique *technique, u32 number, const t64_config *config)
{
    struct t64_guest *guest = calloc(1, sizeof *guest);
    if (!guest)
        return NULL;
    guest->host = host;
    guest->technique = technique;
    if (!guest_open(guest, number, config)) {
        host->frames.served = NULL;
        free(guest);
        return NULL;
    }
    guest->next = host->guests;
    host->guests = guest;
    return &guest->vm;
}

void t64_host_free(t64_host *host)
{
    if (!host)
        return;
    while (host->guests)
        t64_vm_free(&host->guests->vm);
    host_close(host);
}

struct t64_guest *guest_of_domain(const struct t64_host *host, u64 id)
{
    struct t64_guest *guest = host->guests;
    while (guest && guest_id(guest) != id)
        guest = guest->next;
    return guest;
}

uint64_t t64_guest_root(t64_vm *vm, uint32_t mode)
{
    u32 root = mode > 1 ? FRAME_NONE : guest_of(vm)->technique->root(guest_of(vm), mode);
    return root == FRAME_NONE ? T64_NOWHERE : frame_address(root).at;
}

uint64_t t64_guest_pages(t64_vm *vm) { return guest_of(vm)->pages - guest_of(vm)->holes; }

uint64_t t64_guest_frame(t64_vm *vm, uint64_t page)
{
    bool there = page < guest_of(vm)->pages && guest_of(vm)->frames[page] != FRAME_NONE;
    return there ? guest_of(vm)->frames[page] : T64_NOWHERE;
}

uint64_t t64_guest_frames_touched(t64_vm *vm, const uint8_t *touched, uint64_t frames)
{
    const struct t64_guest *guest = guest_of(vm);
    uint64_t count = 0;
    for (u32 page = 0; page < guest->pages; page++)
        count += guest->frames[page] < frames && touched[guest->frames[page]];
    return count;
}

uint64_t t64_guest_frames_monitor(t64_vm *vm) { return guest_of(vm)->frames_monitor; }

uint32_t t64_guest_wakes(t64_vm *vm)
{
    struct t64_guest *guest = guest_of(vm);
    u64 pending = guest->technique->pending ? guest->technique->pending(guest) : system_pending(vm);
    return (pending & vm->state.imask) != 0;
}
