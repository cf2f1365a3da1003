/* Exploring: a level of nodes after another. A node is a path, which is gone again; a state is no more than its key. */
#include "exploring.h"

#include "arena.h"
#include "looking.h"
#include "table.h"
#include "wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STEPS_MAXIMUM = 24, BEGINNINGS_MAXIMUM = 64, FINDINGS_ENOUGH = 3 };
enum message { ASKED = 1, FOUND, LEVEL, ENDED };

/* A verdict of the judge's: the number of the state that he is in after it, or NOTHING_SPECIFIED; and how it goes on. */
#define JUDGED_STATE ((u64)0xffffffff)
#define NOTHING_SPECIFIED JUDGED_STATE
#define ENDS_HERE ((u64)1 << 32)
#define IS_WRONG ((u64)1 << 33)
#define IS_KNOWN ((u64)1 << 34) /* here alone */

struct node {
    u32 judged;
    u8 beginning, length;
    u8 steps[STEPS_MAXIMUM + 2];
};

struct level {
    struct node *nodes;
    u64 count, room;
};

/* What an action from the node under way has come to. */
struct arrival {
    struct result result;
    struct key question;
    u64 verdict, wrong;
};

static struct path beginnings[BEGINNINGS_MAXIMUM];
static u64 looks_from, looks_to; /* of the words that are shown, those that the judge looks at */
static struct table verdicts = {.words = 3}, states = {.words = 2};
static struct arrival arrivals[ACTIONS_MAXIMUM];
static u64 states_maximum;
static u64 found_count, new_count, transitions, left_open;

/* Levels. */

static void push(struct level *level, struct node node)
{
    if (level->count == level->room) {
        struct level old = *level;
        level->room = old.room ? 2 * old.room : 1 << 12;
        level->nodes = outside(level->room * sizeof *level->nodes);
        if (old.room) {
            memcpy(level->nodes, old.nodes, old.count * sizeof *old.nodes);
            outside_free(old.nodes, old.room * sizeof *old.nodes);
        }
    }
    level->nodes[level->count++] = node;
}

static void drop(struct level *level)
{
    if (level->room)
        outside_free(level->nodes, level->room * sizeof *level->nodes);
    *level = (struct level){0};
}

static struct node next_node(const struct node *node, u64 action, u32 judged)
{
    struct node next = *node;
    next.steps[next.length++] = (u8)action;
    next.judged = judged;
    return next;
}

static void follow_node(const struct node *node)
{
    struct path path = beginnings[node->beginning];
    memcpy(path.actions + path.length, node->steps, node->length);
    path.length += node->length;
    follow(&path);
}

/* The judge. */

static void say_node(enum message message, const struct node *node)
{
    say(message);
    say(node->beginning);
    say(node->length);
    for (u32 n = 0; n < node->length; n++)
        say(node->steps[n]);
}

static struct key question_of(const struct node *node, u64 action, const struct result *result)
{
    struct key key = {0, 0};
    key_add_word(&key, 0, (u64)node->judged << 8 | action);
    for (u64 n = looks_from; n < looks_to; n++)
        key_add_word(&key, n + 1, result->shown[n]);
    return key;
}

/* Who is told something may ask more, up to a 0. */
static void serve_others(serve_request *serve)
{
    say_all();
    for (u64 request = word(); request; request = word())
        serve(request);
}

/* What is not known yet of a node's results. */
static void ask(const struct node *node, u64 count, serve_request *serve)
{
    say_node(ASKED, node);
    say(node->judged);
    say(count);
    for (u64 n = 0; n < action_count; n++)
        if (!arrivals[n].verdict) {
            say(n);
            say_words(arrivals[n].result.shown, shown_count());
        }
    serve_others(serve);
    for (u64 n = 0; n < action_count; n++) {
        if (arrivals[n].verdict)
            continue;
        arrivals[n].verdict = word() | IS_KNOWN;
        bool is_new;
        u64 *known = arrivals[n].verdict & IS_WRONG ? NULL : table_at(&verdicts, arrivals[n].question, &is_new);
        if (known)
            *known = arrivals[n].verdict;
    }
}

/* A node's actions. */

static void arrive(const struct node *node, u64 action)
{
    struct arrival *arrival = &arrivals[action];
    struct outcome outcome = act(action);
    arrival->result = look(action, &outcome);
    arrival->wrong = check(arrival->result.key);
    arena_return();
    arrival->question = question_of(node, action, &arrival->result);
    arrival->verdict = arrival->wrong ? IS_KNOWN | IS_WRONG : table_look(&verdicts, arrival->question);
}

static void tell_wrong(const struct node *node, u64 action, serve_request *serve)
{
    say_node(FOUND, node);
    say(action);
    say(arrivals[action].wrong);
    serve_others(serve);
}

_Noreturn static void fail_for_states(void)
{
    char text[100];
    snprintf(text, sizeof text, "there are more than %" PRIu64 " states; fewer steps have fewer", states.taken - 1);
    fail_for_room(text);
}

/* Is it one that was not met before? */
static bool is_new_state(struct key key, u32 judged)
{
    bool is_new;
    key_add_word(&key, T64_NOWHERE, judged);
    if (!table_at(&states, key, &is_new) || states.taken > states_maximum)
        fail_for_states();
    return is_new;
}

static void take(const struct node *node, u64 action, struct level *next, serve_request *serve)
{
    const struct arrival *arrival = &arrivals[action];
    u32 judged = (u32)(arrival->verdict & JUDGED_STATE);
    transitions++;
    if (arrival->wrong)
        tell_wrong(node, action, serve);
    found_count += (arrival->verdict & IS_WRONG) != 0;
    if (arrival->verdict & IS_WRONG)
        return;
    left_open += judged == NOTHING_SPECIFIED;
    if (arrival->verdict & ENDS_HERE || !is_new_state(arrival->result.key, judged))
        return;
    new_count++;
    if (next)
        push(next, next_node(node, action, judged));
}

static void expand_node(const struct node *node, struct level *next, serve_request *serve)
{
    u64 unknown = 0;
    limit_time();
    follow_node(node);
    for (u64 n = 0; n < action_count; n++) {
        arrive(node, n);
        unknown += !arrivals[n].verdict;
    }
    if (unknown)
        ask(node, unknown, serve);
    for (u64 n = 0; n < action_count; n++)
        take(node, n, next, serve);
}

/* Exploring. */

static void read_beginnings(struct level *level)
{
    u64 count = word_below(BEGINNINGS_MAXIMUM + 1);
    for (u64 n = 0; n < count; n++) {
        read_path(&beginnings[n]);
        if (beginnings[n].length + STEPS_MAXIMUM > PATH_MAXIMUM)
            fail("a beginning is too long");
        push(level, (struct node){.judged = (u32)word(), .beginning = (u8)n});
    }
}

static void expand_level(struct level *level, struct level *next, serve_request *serve)
{
    new_count = transitions = left_open = 0;
    for (u64 n = 0; n < level->count && found_count < FINDINGS_ENOUGH; n++)
        expand_node(&level->nodes[n], next, serve);
    say(LEVEL);
    say(new_count);
    say(transitions);
    say(left_open);
    say_all();
}

void explore(serve_request *serve)
{
    struct level level = {0}, next = {0};
    u64 steps = word_below(STEPS_MAXIMUM + 1);
    states_maximum = word();
    bool by_all_that_is_seen = word();
    looks_from = by_all_that_is_seen ? SHOWN_SEEN : SHOWN_STOP;
    looks_to = by_all_that_is_seen ? SHOWN_STOP + 1 : shown_count();
    read_beginnings(&level);
    for (; steps && level.count && !found_count; steps--) {
        expand_level(&level, steps > 1 ? &next : NULL, serve);
        drop(&level);
        level = next;
        next = (struct level){0};
    }
    say(ENDED);
    say_all();
}
