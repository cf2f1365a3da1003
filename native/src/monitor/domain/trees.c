/* Taking and letting go of trees of page tables, table by table. */
#include "monitor/domain/trees.h"

#include "monitor/domain/direct_paging.h"
#include "monitor/domain/domain.h"

static struct trees *trees_of(const struct t64_guest *guest) { return &guest->domain->trees; }

static struct frame *frame_of(const struct t64_guest *guest, u32 number) { return &guest->host->frames.all[number]; }

static struct tree_step *deepest(struct trees *trees) { return &trees->path[trees->depth - 1]; }

static void step_down(struct trees *trees, u32 table, u32 end)
{
    trees->path[trees->depth++] = (struct tree_step){.table = table, .end = end};
}

/* The next valid entry of the deepest table, or NULL. */
static const u64 *next_entry(struct t64_guest *guest, struct tree_step *step)
{
    const u64 *entries = (const u64 *)(const void *)frames_bytes(&guest->host->frames, step->table);
    while (step->next < step->end && !(entries[step->next] & PTE_V))
        step->next++;
    return step->next < step->end ? &entries[step->next] : NULL;
}

/* Taking. */

/* The table's own type is set first, so that no entry below it can make it something else. */
static int take_first(struct t64_guest *guest, u32 number, u32 level)
{
    struct frame *frame = frame_of(guest, number);
    frame->type = (u8)level;
    frame->count = 1;
    guest->domain->flush = true; /* it may have been writable before, and the hardware may remember that */
    tables_note_work(guest, level);
    if (level != FRAME_LEVEL0) {
        step_down(trees_of(guest), number, tables_entries_in(level));
        return 0;
    }
    int error = tables_validate_leaves(guest, number);
    if (error) {
        frame->type = FRAME_UNTYPED;
        frame->count = 0;
    }
    return error;
}

/* Of a table: its first use is not done at once where it is above level 0. */
static int take(struct t64_guest *guest, u64 number, u32 level)
{
    if (!tables_owns(guest, number))
        return -HYPERCALL_ERROR_PERM;
    struct frame *frame = frame_of(guest, (u32)number);
    if (!frame->count)
        return take_first(guest, (u32)number, level);
    if (frame->type != level)
        return -HYPERCALL_ERROR_BUSY;
    frame->count++;
    return 0;
}

/* What was taken below each table of the path is let go, and they are tables no more. */
static void undo(struct trees *trees, int error)
{
    for (u32 i = 0; i < trees->depth; i++) {
        trees->path[i].end = trees->path[i].next;
        trees->path[i].next = 0;
    }
    trees->taking = false;
    trees->error = error;
}

static void take_next(struct t64_guest *guest)
{
    struct trees *trees = trees_of(guest);
    struct tree_step *step = deepest(trees);
    u32 level = frame_of(guest, step->table)->type, depth = trees->depth;
    const u64 *entry = next_entry(guest, step);
    if (!entry) {
        if (level == FRAME_LEVEL2)
            tables_clear_monitor_slot(guest, step->table);
        trees->depth--;
        if (trees->depth)
            deepest(trees)->next++;
        return;
    }
    int error = tables_is_well_formed(*entry, level) ? take(guest, (*entry & PTE_FRAME) >> FRAME_SHIFT, level - 1)
                                                     : -HYPERCALL_ERROR_INVAL;
    if (error)
        undo(trees, error);
    else
        step->next += trees->depth == depth; /* else once the table below is through */
}

/* Letting go. */

/* The last use is kept up to the end, so that nobody makes it something else meanwhile. */
static void let_go(struct t64_guest *guest, u32 number)
{
    struct frame *frame = frame_of(guest, number);
    if (frame->count > 1) {
        frame->count--;
        return;
    }
    tables_note_work(guest, frame->type);
    if (frame->type == FRAME_LEVEL2)
        tables_clear_monitor_slot(guest, number);
    if (frame->type != FRAME_LEVEL0) {
        step_down(trees_of(guest), number, tables_entries_in(frame->type));
        return;
    }
    tables_put_leaves(guest, number, PAGE_ENTRIES);
    frame->count = 0;
    frame->type = FRAME_UNTYPED;
}

static void let_go_next(struct t64_guest *guest)
{
    struct trees *trees = trees_of(guest);
    struct tree_step *step = deepest(trees);
    const u64 *entry = next_entry(guest, step);
    if (entry) {
        step->next++;
        let_go(guest, (u32)((*entry & PTE_FRAME) >> FRAME_SHIFT));
        return;
    }
    struct frame *frame = frame_of(guest, step->table);
    frame->count = 0;
    frame->type = FRAME_UNTYPED;
    trees->depth--;
}

static void begin_next(struct t64_guest *guest)
{
    struct trees *trees = trees_of(guest);
    u32 number = trees->leaving[0];
    trees->leaving[0] = trees->leaving[1];
    trees->leaving_count--;
    trees->taking = false;
    let_go(guest, number);
}

void trees_leave(struct t64_guest *guest, u32 number)
{
    struct trees *trees = trees_of(guest);
    trees->leaving[trees->leaving_count++] = number;
}

/* Both. */

static void go_one_step(struct t64_guest *guest)
{
    struct trees *trees = trees_of(guest);
    if (!trees->depth)
        begin_next(guest);
    else if (trees->taking)
        take_next(guest);
    else
        let_go_next(guest);
}

static bool has_more(const struct trees *trees) { return trees->depth || trees->leaving_count; }

static int end(struct trees *trees)
{
    int error = trees->error;
    trees->error = 0;
    return error;
}

int trees_go_on(struct t64_guest *guest)
{
    struct trees *trees = trees_of(guest);
    while (has_more(trees)) {
        if (host_is_spent(guest->host))
            return T64_STOP_WORK;
        go_one_step(guest);
    }
    return end(trees);
}

static bool is_under_way(struct t64_guest *guest, u64 number, u32 level)
{
    u32 table = trees_of(guest)->path[0].table;
    return table == number && frame_of(guest, table)->type == level;
}

int trees_take(struct t64_guest *guest, u64 number, u32 level)
{
    struct trees *trees = trees_of(guest);
    if (trees->depth && !is_under_way(guest, number, level))
        trees_abandon(guest); /* the host has changed what the guest asks for */
    if (trees->depth || trees->error)
        return trees_go_on(guest);
    trees->taking = true;
    int error = take(guest, number, level);
    return error ? error : trees_go_on(guest);
}

int trees_take_at_once(struct t64_guest *guest, u64 number, u32 level)
{
    struct trees *trees = trees_of(guest);
    trees->taking = true;
    int error = take(guest, number, level);
    while (!error && has_more(trees))
        go_one_step(guest);
    return error ? error : end(trees);
}

void trees_abandon(struct t64_guest *guest)
{
    struct trees *trees = trees_of(guest);
    if (trees->depth && trees->taking)
        undo(trees, 0);
    if (trees->root_taken)
        trees_leave(guest, trees->root);
    trees->root_taken = false;
    while (has_more(trees))
        go_one_step(guest);
    end(trees);
}
