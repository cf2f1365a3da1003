/* Looking: what an action has come to. */
#ifndef T64_WORLDS_LOOKING_H
#define T64_WORLDS_LOOKING_H

#include "acting.h"
#include "keys.h"

enum { WATCHES_MAXIMUM = 32 };
/* Words of each result, before those that are watched: the key of what the guest sees, and what is a word in that, too. */
enum { SHOWN_SEEN, SHOWN_RETIRED = 2, SHOWN_STOP, SHOWN_A0, SHOWN_PC, SHOWN };

struct result {
    struct key key; /* of the whole world */
    u64 shown[SHOWN + WATCHES_MAXIMUM];
};

void read_watches(void);
/* So many of the words are shown. */
u64 shown_count(void);

/* Where an action has led; the world is the one after it. */
struct result look(u64 action, const struct outcome *outcome);
/* What is wrong with the world as of that look, as a text's number; 0 for nothing. What was right once is not audited again. */
u64 check(struct key key);
void say_text(void);

/* The world is the root now: the memory of guests that never run must stay what it is. */
void look_at_idle(const bool *idle);

#endif
