/* A bank simulated by events: a list ordered by time, functions called through pointers, queues of customers. */
#include "program.h"

enum { TELLERS = 3, EVENTS = 16, QUEUE = 64 };
struct bank;
struct event {
    uint32_t time, teller;
    void (*happen)(struct bank *, const struct event *);
    struct event *next;
};
struct teller {
    uint32_t first, waiting, served;
    uint32_t arrivals[QUEUE]; /* a ring of times */
};
struct bank {
    struct event events[EVENTS], *coming, *unused;
    struct teller tellers[TELLERS];
    uint32_t random, turned_away;
    uint64_t waited;
};

static void plan(struct bank *bank, struct event event)
{
    struct event *made = bank->unused, **place = &bank->coming;
    bank->unused = made->next;
    while (*place && (*place)->time <= event.time)
        place = &(*place)->next;
    event.next = *place;
    *made = event;
    *place = made;
}

static uint32_t random_time(struct bank *bank, uint32_t least, uint32_t most)
{
    return least + next_random(&bank->random) % (most - least + 1);
}

static void leave(struct bank *bank, const struct event *event)
{
    struct teller *teller = &bank->tellers[event->teller];
    bank->waited += event->time - teller->arrivals[teller->first];
    teller->first = (teller->first + 1) % QUEUE;
    teller->served++;
    if (--teller->waiting)
        plan(bank, (struct event){event->time + random_time(bank, 20, 50), event->teller, leave, NULL});
}

static void arrive(struct bank *bank, const struct event *event)
{
    uint32_t shortest = 0;
    for (uint32_t i = 1; i < TELLERS; i++)
        if (bank->tellers[i].waiting < bank->tellers[shortest].waiting)
            shortest = i;
    struct teller *teller = &bank->tellers[shortest];
    plan(bank, (struct event){event->time + random_time(bank, 1, 22), 0, arrive, NULL});
    if (teller->waiting == QUEUE) {
        bank->turned_away++;
        return;
    }
    teller->arrivals[(teller->first + teller->waiting) % QUEUE] = event->time;
    if (!teller->waiting++)
        plan(bank, (struct event){event->time + random_time(bank, 20, 50), shortest, leave, NULL});
}

static void simulate(struct bank *bank, uint32_t count)
{
    while (count--) {
        struct event *event = bank->coming;
        bank->coming = event->next;
        event->happen(bank, event);
        event->next = bank->unused;
        bank->unused = event;
    }
}

uint64_t program(uint32_t scale)
{
    static struct bank bank;
    bank = (struct bank){.random = 167};
    for (int i = 0; i < EVENTS; i++) {
        bank.events[i].next = bank.unused;
        bank.unused = &bank.events[i];
    }
    plan(&bank, (struct event){0, 0, arrive, NULL});
    simulate(&bank, 1000 * scale);
    uint64_t check = mixed(bank.waited, bank.turned_away);
    for (int i = 0; i < TELLERS; i++)
        check = mixed(check, bank.tellers[i].served);
    return check;
}
