/* Frames: handing them out, scattered, and taking them back. */
#include "monitor/host/frames.h"

#include <stdlib.h>
#include <string.h>

static u32 greatest_common_divisor(u32 a, u32 b)
{
    while (b) {
        u32 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Steps near the golden section leave the fewest neighbours; coprime, so that every frame has its turn. */
static u32 scattering_stride(u32 total)
{
    u32 stride = (u32)((u64)total * 618 / 1000) | 1;
    while (greatest_common_divisor(stride, total) != 1)
        stride += 2;
    return stride;
}

bool frames_open(struct frames *frames, u8 *ram, u32 total)
{
    *frames = (struct frames){.ram = ram, .total = total, .free = total, .first_free = FRAME_NONE};
    frames->stride = scattering_stride(total);
    frames->all = calloc(total, sizeof *frames->all);
    return frames->all != NULL;
}

void frames_close(struct frames *frames)
{
    free(frames->all);
    frames->all = NULL;
}

static u32 take_listed(struct frames *frames)
{
    u32 number = frames->first_free;
    if (number != FRAME_NONE)
        frames->first_free = frames->all[number].page;
    return number;
}

/* A frame of this order that was claimed meanwhile has been used, and comes back through the list. */
static u32 take_fresh(struct frames *frames)
{
    while (frames->fresh < frames->total) {
        u32 number = (u32)((u64)frames->fresh++ * frames->stride % frames->total);
        if (!frames->all[number].soiled)
            return number;
    }
    return FRAME_NONE;
}

static void unlink_listed(struct frames *frames, u32 number)
{
    u32 *link = &frames->first_free;
    while (*link != number)
        link = &frames->all[*link].page;
    *link = frames->all[number].page;
}

static void count_monitor(struct frames *frames, u32 owner, int more)
{
    if (owner != FRAME_MONITOR)
        return;
    frames->monitor += (u32)more;
    if (frames->served)
        *frames->served += (u32)more;
}

static void hand_out(struct frames *frames, u32 number, u32 owner, u32 page)
{
    struct frame *frame = &frames->all[number];
    if (frame->soiled)
        memset(frames->ram + ((u64)number << FRAME_SHIFT), 0, FRAME_SIZE);
    *frame = (struct frame){.owner = owner, .page = page, .type = FRAME_UNTYPED, .soiled = true};
    frames->free--;
    count_monitor(frames, owner, 1);
}

u32 frames_take(struct frames *frames, u32 owner, u32 page)
{
    u32 number = take_listed(frames);
    if (number == FRAME_NONE)
        number = take_fresh(frames);
    if (number != FRAME_NONE)
        hand_out(frames, number, owner, page);
    return number;
}

static bool run_is_free(const struct frames *frames, u32 run)
{
    for (u32 i = 0; i < FRAME_RUN; i++)
        if (frames->all[run * FRAME_RUN + i].owner != FRAME_FREE)
            return false;
    return true;
}

/* Downwards from the last one, so that runs are not neighbours in the order of their pages either. */
static u32 find_run(struct frames *frames)
{
    u32 runs = frames->total / FRAME_RUN;
    for (u32 i = 0; i < runs; i++) {
        frames->run = (frames->run ? frames->run : runs) - 1;
        if (run_is_free(frames, frames->run))
            return frames->run * FRAME_RUN;
    }
    return FRAME_NONE;
}

static void unlink_run(struct frames *frames, u32 first)
{
    for (u32 *link = &frames->first_free; *link != FRAME_NONE;) {
        u32 *next = &frames->all[*link].page;
        if (*link - first < FRAME_RUN)
            *link = *next;
        else
            link = next;
    }
}

u32 frames_take_run(struct frames *frames, u32 owner, u32 page)
{
    u32 first = find_run(frames);
    if (first == FRAME_NONE)
        return FRAME_NONE;
    unlink_run(frames, first);
    for (u32 i = 0; i < FRAME_RUN; i++)
        hand_out(frames, first + i, owner, page + i);
    return first;
}

void frames_claim(struct frames *frames, u32 number, u32 owner, u32 page)
{
    if (frames->all[number].listed)
        unlink_listed(frames, number);
    hand_out(frames, number, owner, page);
}

bool frames_orphan(struct frames *frames, u32 number)
{
    struct frame *frame = &frames->all[number];
    if (!frame->maps)
        return false;
    frame->owner = FRAME_ORPHAN;
    frame->count = frame->writable_maps;
    frame->type = frame->count ? FRAME_WRITABLE : FRAME_UNTYPED;
    frame->mappings = frame->grants = 0;
    frame->pinned = 0;
    return true;
}

void frames_give_back(struct frames *frames, u32 number)
{
    struct frame *frame = &frames->all[number];
    count_monitor(frames, frame->owner, -1);
    frames->free++;
    *frame = (struct frame){.page = frames->first_free, .listed = true, .soiled = true};
    frames->first_free = number;
}
