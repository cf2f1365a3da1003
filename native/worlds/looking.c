/* Looking: keys, watched words, and audits. */
#include "looking.h"

#include "arena.h"
#include "wire.h"

#include <string.h>

enum { TEXTS_MAXIMUM = 64, RIGHT_SLOTS = 1 << 20 };
enum place { IN_MEMORY, IN_SHARED_PAGE, IN_RING_BOOKS, PLACES };

struct watch {
    u64 guest, place, offset;
};

static struct watch watches[WATCHES_MAXIMUM];
static u64 watch_count;
static struct key idle_keys[GUESTS_MAXIMUM];
static bool is_idle[GUESTS_MAXIMUM];
static const char *texts[TEXTS_MAXIMUM];
static struct key *right; /* keys of worlds with nothing wrong, as many as there is room for */

void read_watches(void)
{
    watch_count = word_below(WATCHES_MAXIMUM);
    for (u64 n = 0; n < watch_count; n++) {
        watches[n].guest = word_below(world.guest_count);
        watches[n].place = word_below(PLACES);
        watches[n].offset = word();
    }
}

u64 shown_count(void) { return SHOWN + watch_count; }

/* The key of a guest's memory as of the last comparison. */
static struct key memory_key(t64_vm *vm)
{
    struct key key = {0, 0};
    for (u64 gpa = 0; lives(&world, vm) && gpa < vm->phys.size; gpa += FRAME_SIZE) {
        const u8 *at = phys_at(&vm->phys, (t64_gpa){gpa});
        for (u64 offset = 0; at && offset < FRAME_SIZE; offset += BLOCK_SIZE)
            key_add(&key, gpa + offset, arena_block(at + offset));
    }
    return key;
}

static struct key seen_key(t64_vm *vm, const struct t64_state *state)
{
    u64 words[STATE_WORDS];
    struct key of_words = {0, 0}, key = memory_key(vm);
    state_words(state, words);
    for (u64 n = 0; n < STATE_WORDS; n++)
        key_add_word(&of_words, n, words[n]);
    key_add(&key, T64_NOWHERE, of_words);
    return key;
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

struct result look(u64 action, const struct outcome *outcome)
{
    const struct t64_state *state = &outcome->state;
    struct result result = {.key = arena_compare()};
    struct key seen = seen_key(world.guests[actions[action].guest], state);
    u64 shown[SHOWN] = {seen.low, seen.high, state->retired, (u64)outcome->stop, state->x[A0], state->pc};
    memcpy(result.shown, shown, sizeof shown);
    for (u64 n = 0; n < watch_count; n++)
        result.shown[SHOWN + n] = watched(&watches[n]);
    return result;
}

static u64 text_number(const char *text)
{
    u64 number = 1;
    while (number < TEXTS_MAXIMUM - 1 && texts[number] && texts[number] != text)
        number++;
    texts[number] = text;
    return number;
}

static const char *find_wrong(void)
{
    for (u32 n = 0; n < world.guest_count; n++)
        if (is_idle[n] && !keys_equal(memory_key(world.guests[n]), idle_keys[n]))
            return "the memory of a guest that never runs has changed";
    return audit(&world);
}

u64 check(struct key key)
{
    struct key *known = &right[key.low % RIGHT_SLOTS];
    if (keys_equal(*known, key))
        return 0;
    const char *wrong = find_wrong();
    if (wrong)
        return text_number(wrong);
    *known = key;
    return 0;
}

void say_text(void)
{
    u64 number = word_below(TEXTS_MAXIMUM), length = texts[number] ? strlen(texts[number]) : 0;
    char padded[256] = {0};
    memcpy(padded, texts[number], length);
    say(length);
    say_bytes(padded, (length + 7) / 8 * 8);
}

void look_at_idle(const bool *idle)
{
    if (right)
        outside_free(right, RIGHT_SLOTS * sizeof *right);
    right = outside(RIGHT_SLOTS * sizeof *right);
    for (u32 n = 0; n < world.guest_count; n++) {
        is_idle[n] = idle[n];
        idle_keys[n] = memory_key(world.guests[n]);
    }
}
