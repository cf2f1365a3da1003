/* Small worlds: a host in an arena, taken back to any state that a path of actions leads to, and looked at after each further action.
 *
 * It is asked on its standard input, and answers on its standard output, by words of 64 bits. First comes the world (read_world), which is
 * answered with each guest's id and frames; then requests, by number:
 *
 *     ACTIONS  count, then of each: guest, enum what, pc, limit in instructions, a0..a5    no answer
 *     WATCHES  count, then of each: guest, enum place, offset there                    no answer
 *     ROOT     a path (count, actions): all paths begin behind it from now on          no answer
 *     EXPAND   a path: where each action leads from there                              of each: its key, a text's number, what is shown
 *     STATE    a path, a guest                                                         its state's words, then its memory
 *     TEXT     the number of a finding                                                 length, bytes padded to words
 *     EXPLORE  steps, most states, whether the judge goes by all that is seen, count of beginnings, of each: a path, the judge's state
 *
 * EXPLORE is answered with messages (enum message), in which a node is: a beginning, count, actions:
 *
 *     ASKED    a node, the judge's state, count, of each: an action, what is shown     requests, 0, then a verdict of each
 *     FOUND    a node, an action, a text's number: what is wrong there                 requests, 0
 *     LEVEL    new states, transitions, transitions left open: of a step
 *     ENDED
 */
#include "arena.h"
#include "exploring.h"
#include "looking.h"
#include "wire.h"

#include <stdlib.h>

enum { ACTIONS = 1, WATCHES, ROOT, EXPAND, STATE, TEXT, EXPLORE };

static bool idle[GUESTS_MAXIMUM]; /* never runs: nothing may change its memory */

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
    say_all();
}

/* Requests. */

static void take_root(void)
{
    struct path path;
    read_path(&path);
    follow(&path);
    root_here();
    look_at_idle(idle);
}

static void expand(void)
{
    struct path path;
    read_path(&path);
    follow(&path);
    for (u64 n = 0; n < action_count; n++) {
        struct outcome outcome = act(n);
        struct result result = look(n, &outcome);
        say(result.key.low);
        say(result.key.high);
        say(check(result.key));
        say_words(result.shown, shown_count());
        arena_return();
    }
}

/* The path's last action is looked at before it is scrubbed. */
static void show_state(void)
{
    struct path path;
    read_path(&path);
    t64_vm *vm = world.guests[word_below(world.guest_count)];
    u64 words[STATE_WORDS];
    u8 page[FRAME_SIZE];
    struct outcome outcome = {.state = vm->state};
    bool acts = path.length;
    path.length -= acts;
    follow(&path);
    if (acts)
        outcome = act(path.actions[path.length]);
    state_words(&outcome.state, words);
    say_words(words, STATE_WORDS);
    for (u64 gpa = 0; gpa < vm->phys.size; gpa += FRAME_SIZE) {
        phys_read(&vm->phys, (t64_gpa){gpa}, page, sizeof page);
        say_bytes(page, sizeof page);
    }
    arena_compare();
    arena_return();
}

static void serve(u64 request);

static void explore_on(void) { explore(serve); }

static void serve(u64 request)
{
    static void (*const serving[])(void) = {[ACTIONS] = read_actions, [WATCHES] = read_watches, [ROOT] = take_root, [EXPAND] = expand,
                                            [STATE] = show_state,     [TEXT] = say_text,        [EXPLORE] = explore_on};
    if (!request || request >= sizeof serving / sizeof *serving)
        fail("there is no such request");
    limit_time();
    serving[request]();
    say_all();
}

int main(void)
{
    watch_signals();
    limit_time();
    read_world();
    say_world();
    scrub(&world);
    root_here();
    look_at_idle(idle);
    for (;;)
        serve(word());
}
