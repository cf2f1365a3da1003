/* Acting: each action begins with its own registers and pc, and ends scrubbed. */
#define _GNU_SOURCE
#include "acting.h"

#include "arena.h"
#include "wire.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { SECONDS = 60, TURNS = 1000 };

struct world world;
struct action actions[ACTIONS_MAXIMUM];
u64 action_count;
static struct path here; /* of the marked world */
static u8 acting;        /* the last action that was begun */

void read_actions(void)
{
    action_count = word_below(ACTIONS_MAXIMUM);
    for (u64 n = 0; n < action_count; n++) {
        actions[n].guest = word_below(world.guest_count);
        actions[n].what = word_below(WHATS);
        actions[n].pc = word();
        actions[n].limit = word();
        for (u32 i = 0; i < ARGUMENTS; i++)
            actions[n].arguments[i] = word();
    }
}

void read_path(struct path *path)
{
    path->length = word_below(PATH_MAXIMUM);
    for (u64 n = 0; n < path->length; n++)
        path->actions[n] = (u8)word_below(action_count);
}

static int run(t64_vm *vm, const struct action *action)
{
    u8 taken[512];
    vm->state.pc = action->pc;
    memcpy(vm->state.x + A0, action->arguments, sizeof action->arguments);
    int stop;
    u32 turns = 0;
    do {
        stop = t64_vm_run(vm, action->limit);
        while (t64_vm_output(vm, taken, sizeof taken))
            ;
    } while ((stop == T64_STOP_OUTPUT || stop == T64_STOP_WORK) && ++turns < TURNS);
    return stop;
}

/* The host saves it, and loads that: a0 is what came of it. */
static int reload(t64_vm *vm)
{
    u64 size = t64_vm_save_size(vm, true);
    u8 *snapshot = malloc(size);
    if (!snapshot || t64_vm_save(vm, snapshot, size, true) != T64_OK)
        fail("a guest cannot be saved");
    int loaded = t64_vm_load(vm, snapshot, size, false);
    free(snapshot);
    vm->state.x[A0] = (u64)(i64)loaded;
    return T64_STOP_LIMIT;
}

struct outcome act(u64 number)
{
    const struct action *action = &actions[number];
    t64_vm *vm = world.guests[action->guest];
    struct outcome outcome = {.stop = STOP_GONE};
    acting = (u8)number;
    if (!lives(&world, vm))
        return outcome;
    if (action->what == ENDS) {
        t64_vm_free(vm);
    } else {
        outcome.stop = action->what == RUNS ? run(vm, action) : reload(vm);
        outcome.state = vm->state;
    }
    while (t64_host_woken(world.host))
        ;
    scrub(&world);
    return outcome;
}

void follow(const struct path *path)
{
    u64 common = 0;
    while (common < here.length && common < path->length && here.actions[common] == path->actions[common])
        common++;
    for (; here.length > common; here.length--)
        arena_unmark();
    for (; here.length < path->length; here.length++) {
        here.actions[here.length] = path->actions[here.length];
        act(here.actions[here.length]);
        arena_mark();
    }
}

void root_here(void)
{
    arena_take_root();
    here.length = 0;
}

void limit_time(void)
{
    struct itimerval limit = {.it_value = {.tv_sec = SECONDS}};
    setitimer(ITIMER_PROF, &limit, NULL);
}

/* "at", and the numbers of a path's actions. */
static void tell_end(int number)
{
    char line[4 * PATH_MAXIMUM + 16] = "at";
    u32 used = 2;
    for (u64 n = 0; n <= here.length; n++) {
        u32 number = n < here.length ? here.actions[n] : acting;
        line[used++] = ' ';
        for (u32 unit = 100; unit; unit /= 10)
            line[used++] = (char)('0' + number / unit % 10);
    }
    line[used++] = '\n';
    if (write(STDERR_FILENO, line, used) == (ssize_t)used)
        signal(number, SIG_DFL), raise(number);
    _exit(1);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (number != SIGSEGV || info->si_code <= 0 || !arena_admits(info->si_addr))
        tell_end(number);
}

void watch_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
    for (u32 n = 0; n < sizeof signals / sizeof *signals; n++)
        sigaction(signals[n], &action, NULL);
}

void state_words(const struct t64_state *state, u64 words[STATE_WORDS])
{
    const u64 others[] = {state->pc, state->status, state->tvec, state->epc, state->cause, state->tval, state->scratch,
                          state->ptbr, state->timecmp, state->imask, state->retired, state->skipped};
    memcpy(words, state->x, 32 * sizeof *words);
    memcpy(words + 32, others, sizeof others);
}
