/* Laps, by time stamps of the host's processor where it has some. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "machine/stopwatch.h"

#include <stdlib.h>
#include <time.h>

#include "machine/vm.h"

#if defined __x86_64__
#include <x86intrin.h>
#endif

enum {
    TRIED = 256, TRIES = 8,
    LONGEST_LAP = 200000, /* nanoseconds */
    SECOND = 1000000000,
};

_Static_assert((int)T64_LAP_COUNT == (int)T64_LAP_EXITS + (int)T64_EXIT_REASONS_MAX, "there is a lap for each reason");

static u64 clock_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u64)now.tv_sec * SECOND + (u64)now.tv_nsec;
}

static inline u64 stamp(void)
{
#if defined __x86_64__
    return __rdtsc();
#elif defined __aarch64__
    u64 count;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
#else
    return clock_nanoseconds();
#endif
}

void stopwatch_start(struct stopwatch *watch, u32 kind)
{
    watch->runs = true;
    watch->kind = kind;
    watch->since = stamp();
}

void stopwatch_stop(struct stopwatch *watch)
{
    u64 stamps = stamp() - watch->since;
    bool keeps = stamps <= watch->longest;
    watch->runs = false;
    watch->number[watch->kind]++;
    watch->kept[watch->kind] += keeps;
    watch->stamps[watch->kind] += keeps ? stamps : 0;
}

static u64 lesser(u64 one, u64 other) { return one < other ? one : other; }

/* Laps in which nothing is done: the least of some tries, for the host may do something else meanwhile. How long a stamp is, by all
 * of them. */
static struct stopwatch calibrated(void)
{
    struct stopwatch watch = {.longest = T64_NOWHERE};
    u64 own = T64_NOWHERE, whole = T64_NOWHERE, began = clock_nanoseconds(), first = stamp();
    for (u32 tried = 0; tried < TRIES; tried++) {
        u64 before = watch.stamps[T64_LAP_LOOKS], since = stamp();
        for (u32 lap = 0; lap < TRIED; lap++) {
            stopwatch_start(&watch, T64_LAP_LOOKS);
            stopwatch_stop(&watch);
        }
        whole = lesser(stamp() - since, whole);
        own = lesser(watch.stamps[T64_LAP_LOOKS] - before, own);
    }
    u64 stamps = stamp() - first;
    double nanoseconds = (double)(clock_nanoseconds() - began) / (double)(stamps ? stamps : 1);
    return (struct stopwatch){
        .own = own / TRIED,
        .longest = (u64)(LONGEST_LAP / nanoseconds),
        .nanoseconds = nanoseconds,
        .overhead = (double)whole / TRIED * nanoseconds,
    };
}

int t64_vm_start_stopwatch(t64_vm *vm)
{
    struct stopwatch *watch = malloc(sizeof *watch);
    if (!watch)
        return T64_ERROR_MEMORY;
    *watch = calibrated();
    free(vm->stopwatch);
    vm->stopwatch = watch;
    return T64_OK;
}

int t64_vm_laps(t64_vm *vm, uint32_t kind, t64_laps *laps)
{
    const struct stopwatch *watch = vm->stopwatch;
    if (!watch || kind >= T64_LAP_COUNT)
        return T64_ERROR_VALUE;
    u64 kept = watch->kept[kind], own = kept * watch->own, stamps = watch->stamps[kind];
    double each = kept ? (double)(stamps > own ? stamps - own : 0) / (double)kept : 0.0;
    double number = (double)watch->number[kind];
    *laps = (t64_laps){watch->number[kind], number * each * watch->nanoseconds, number * watch->overhead};
    return T64_OK;
}
