/* Small worlds: a host in an arena, taken back to any state that a path of actions leads to, and looked at after each further action.
 *
 * It is asked on its standard input, and answers on its standard output, by words of 64 bits. First comes the world (read_world), which is
 * answered with each guest's id and frames; then requests, by number:
 *
 *     ACTIONS  count, then of each: guest, enum what, pc, limit in instructions, a0..a5    no answer
 *     WATCHES  count, then of each: guest, enum place, offset there                    no answer
 *     ROOT     a path (count, actions): all paths begin behind it from now on          no answer
 *     EXPAND   a path: where each action leads from there                              of each: RESULT_WORDS, then the watched words
 *     STATE    a path, a guest                                                         its state's words, then its memory
 *     TEXT     the number of a finding                                                 length, bytes padded to words
 */
#include "arena.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { ACTIONS = 1, WATCHES, ROOT, EXPAND, STATE, TEXT };
enum { ACTIONS_MAXIMUM = 256, WATCHES_MAXIMUM = 32, PATH_MAXIMUM = 256, TEXTS_MAXIMUM = 64, A0 = 10, ARGUMENTS = 6 };
enum { SECONDS = 60, TURNS = 1000, STOP_GONE = 255 /* of a guest that has ended */ };

enum what { RUNS, IS_RELOADED, ENDS, WHATS };

struct action {
    u64 guest, what, pc, limit, arguments[ARGUMENTS];
};

enum place { IN_MEMORY, IN_SHARED_PAGE, IN_RING_BOOKS, PLACES };

struct watch {
    u64 guest, place, offset;
};

/* What an action came to, its guest's state before it is scrubbed. */
struct outcome {
    int stop;
    struct t64_state state;
};

static struct world world;
static bool idle[GUESTS_MAXIMUM]; /* never runs: nothing may change its memory */
static struct key idle_keys[GUESTS_MAXIMUM];
static struct action actions[ACTIONS_MAXIMUM];
static u64 action_count;
static struct watch watches[WATCHES_MAXIMUM];
static u64 watch_count;
static u64 path[PATH_MAXIMUM], path_length;
static const char *texts[TEXTS_MAXIMUM];

static void fail(const char *text)
{
    fprintf(stderr, "worlds: %s\n", text);
    exit(3);
}

static u64 word(void)
{
    u64 value;
    if (fread(&value, sizeof value, 1, stdin) != 1)
        exit(0);
    return value;
}

static u64 word_below(u64 limit)
{
    u64 value = word();
    if (value >= limit)
        fail("a number is too large");
    return value;
}

static void say(u64 value) { fwrite(&value, sizeof value, 1, stdout); }

/* The world. */

static void read_segments(t64_vm *vm)
{
    for (u64 segments = word(); segments; segments--) {
        u64 gpa = word();
        for (u64 count = word(); count; count--, gpa += 8) {
            u64 value = word();
            if (t64_vm_write(vm, gpa, (const u8 *)&value, sizeof value) != T64_OK)
                fail("a segment lies outside the memory");
        }
    }
}

static t64_vm *read_guest(u32 number, u32 level)
{
    t64_config config = {.level = level, .disk_latency = 5};
    u64 technique = word();
    config.options = (u32)word();
    config.memory = word();
    u64 entry = word(), sectors = word();
    t64_vm *vm = t64_guest_new(world.host, (u32)technique, &config);
    if (!vm)
        fail("there is no memory for a guest");
    t64_vm_input_end(vm);
    if (sectors)
        t64_vm_disk(vm, calloc(sectors, SECTOR_SIZE), sectors, true);
    read_segments(vm);
    idle[number] = entry == T64_NOWHERE;
    if (!idle[number] && t64_vm_boot(vm, entry) != T64_OK)
        fail("a guest does not boot");
    return vm;
}

static void read_world(void)
{
    u64 level = word(), frames = word();
    world.guest_count = (u32)word_below(GUESTS_MAXIMUM + 1);
    arena_open();
    world.host = t64_host_new(frames << FRAME_SHIFT, (u32)level);
    if (!world.host)
        fail("there is no memory for a host");
    for (u32 n = 0; n < world.guest_count; n++)
        world.guests[n] = read_guest(n, (u32)level);
}

static void say_world(void)
{
    for (u32 n = 0; n < world.guest_count; n++) {
        const struct t64_guest *guest = guest_of(world.guests[n]);
        say(guest_id(guest));
        say(guest->pages);
        for (u32 page = 0; page < guest->pages; page++)
            say(guest->frames[page]);
    }
    fflush(stdout);
}

/* Actions. */

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

static struct outcome act(const struct action *action)
{
    t64_vm *vm = world.guests[action->guest];
    struct outcome outcome = {.stop = STOP_GONE};
    if (!lives(&world, vm))
        return outcome;
    if (action->what == ENDS) {
        t64_vm_free(vm);
    } else {
        outcome.stop = action->what == RUNS ? run(vm, action) : reload(vm);
        outcome.state = vm->state;
        outcome.state.x[32] = 0; /* where engines drop writes to x0 */
    }
    while (t64_host_woken(world.host))
        ;
    scrub(&world);
    return outcome;
}

static void read_path(void)
{
    path_length = word_below(PATH_MAXIMUM);
    for (u64 n = 0; n < path_length; n++)
        path[n] = word_below(action_count);
}

/* From the root; then it is the marked world. */
static void follow(void)
{
    arena_reset();
    for (u64 n = 0; n < path_length; n++)
        act(&actions[path[n]]);
    arena_mark();
}

/* The key of a guest's memory as of the last look. */
static struct key memory_key(t64_vm *vm)
{
    struct key key = {0, 0};
    for (u64 gpa = 0; lives(&world, vm) && gpa < vm->phys.size; gpa += BLOCK_SIZE) {
        const u8 *at = phys_at(&vm->phys, (t64_gpa){gpa});
        if (at)
            key_add(&key, gpa, arena_block(at));
    }
    return key;
}

static u64 text_number(const char *text)
{
    u64 number = 1;
    while (number < TEXTS_MAXIMUM && texts[number] && texts[number] != text)
        number++;
    texts[number] = text;
    return number;
}

static const char *check(void)
{
    for (u32 n = 0; n < world.guest_count; n++) {
        struct key key = idle[n] ? memory_key(world.guests[n]) : idle_keys[n];
        if (memcmp(&key, &idle_keys[n], sizeof key))
            return "the memory of a guest that never runs has changed";
    }
    return audit(&world);
}

static u64 watched(const struct watch *watch)
{
    t64_vm *vm = world.guests[watch->guest];
    u64 value = 0;
    if (!lives(&world, vm))
        return 0;
    if (watch->place == IN_SHARED_PAGE)
        memcpy(&value, guest_of(vm)->domain->shared + watch->offset, sizeof value);
    else if (watch->place == IN_RING_BOOKS)
        memcpy(&value, (const u8 *)&vm->devices.rings + watch->offset, sizeof value);
    else
        phys_read(&vm->phys, (t64_gpa){watch->offset}, &value, sizeof value);
    return value;
}

/* Two words that name the world, two what the guest can see of itself, the rest as they are. */
static void say_result(const struct action *action, const struct outcome *outcome)
{
    struct key all = arena_compare(), seen = memory_key(world.guests[action->guest]);
    key_add(&seen, T64_NOWHERE, key_of(&outcome->state, sizeof outcome->state));
    const char *wrong = check();
    say(all.low), say(all.high);
    say(seen.low), say(seen.high);
    say((u64)outcome->stop);
    say(outcome->state.retired);
    say(outcome->state.x[A0]);
    say(outcome->state.pc);
    say(wrong ? text_number(wrong) : 0);
    for (u64 n = 0; n < watch_count; n++)
        say(watched(&watches[n]));
}

static void expand(void)
{
    read_path();
    follow();
    for (u64 n = 0; n < action_count; n++) {
        struct outcome outcome = act(&actions[n]);
        say_result(&actions[n], &outcome);
        arena_return();
    }
    fflush(stdout);
}

/* The path's last action is looked at before it is scrubbed. */
static void show_state(void)
{
    read_path();
    t64_vm *vm = world.guests[word_below(world.guest_count)];
    arena_reset();
    struct outcome outcome = {.state = vm->state};
    for (u64 n = 0; n < path_length; n++)
        outcome = act(&actions[path[n]]);
    const struct t64_state *state = &outcome.state;
    const u64 controls[] = {state->status, state->tvec, state->epc, state->cause, state->tval, state->scratch, state->ptbr,
                            state->timecmp, state->imask, state->retired, state->skipped};
    fwrite(state->x, sizeof(u64), 32, stdout);
    say(state->pc);
    fwrite(controls, sizeof *controls, sizeof controls / sizeof *controls, stdout);
    for (u64 gpa = 0; gpa < vm->phys.size; gpa += FRAME_SIZE) {
        u8 page[FRAME_SIZE];
        phys_read(&vm->phys, (t64_gpa){gpa}, page, sizeof page);
        fwrite(page, sizeof page, 1, stdout);
    }
    fflush(stdout);
    arena_mark();
}

static void take_root(void)
{
    read_path();
    follow();
    arena_take_root();
    for (u32 n = 0; n < world.guest_count; n++)
        idle_keys[n] = memory_key(world.guests[n]);
}

static void read_actions(void)
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

static void read_watches(void)
{
    watch_count = word_below(WATCHES_MAXIMUM);
    for (u64 n = 0; n < watch_count; n++) {
        watches[n].guest = word_below(world.guest_count);
        watches[n].place = word_below(PLACES);
        watches[n].offset = word();
    }
}

static void say_text(void)
{
    u64 number = word_below(TEXTS_MAXIMUM), length = texts[number] ? strlen(texts[number]) : 0;
    char padded[256] = {0};
    memcpy(padded, texts[number], length);
    say(length);
    fwrite(padded, (length + 7) / 8, 8, stdout);
    fflush(stdout);
}

/* A core that does not come back ends here, as one that crashes does. */
static void limit_time(void)
{
    struct itimerval limit = {.it_value = {.tv_sec = SECONDS}};
    setitimer(ITIMER_PROF, &limit, NULL);
}

int main(void)
{
    static void (*const serve[])(void) = {[ACTIONS] = read_actions, [WATCHES] = read_watches, [ROOT] = take_root,
                                          [EXPAND] = expand, [STATE] = show_state, [TEXT] = say_text};
    limit_time();
    read_world();
    say_world();
    scrub(&world);
    arena_take_root();
    for (;;) {
        u64 request = word_below(sizeof serve / sizeof *serve);
        if (!request)
            fail("there is no such request");
        limit_time();
        serve[request]();
    }
}
