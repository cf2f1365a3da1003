/* Acting: what guests do, and the way along a path of it. */
#ifndef T64_WORLDS_ACTING_H
#define T64_WORLDS_ACTING_H

#include "world.h"

enum { ACTIONS_MAXIMUM = 256, PATH_MAXIMUM = 256, A0 = 10, ARGUMENTS = 6, STATE_WORDS = 44, STOP_GONE = 255 /* of a guest that has ended */ };

enum what { RUNS, IS_RELOADED, ENDS, WHATS };

struct action {
    u64 guest, what, pc, limit, arguments[ARGUMENTS];
};

struct path {
    u64 length;
    u8 actions[PATH_MAXIMUM];
};

/* What an action came to, its guest's state before it is scrubbed. */
struct outcome {
    int stop;
    struct t64_state state;
};

extern struct world world;
extern struct action actions[ACTIONS_MAXIMUM];
extern u64 action_count;

void read_actions(void);
void read_path(struct path *path);

struct outcome act(u64 action);

/* To the end of a path from the root, which is the marked world then; what it has in common with the last one is not gone again. */
void follow(const struct path *path);
/* The world as it is now is the root. */
void root_here(void);
/* From now on the arena may be stored to, and a core that crashes says where that was with its last words. */
void watch_signals(void);
/* One that does not come back soon ends likewise. */
void limit_time(void);

/* x0..x31, pc, the control registers that hold a value, retired, skipped. */
void state_words(const struct t64_state *state, u64 words[STATE_WORDS]);

#endif
