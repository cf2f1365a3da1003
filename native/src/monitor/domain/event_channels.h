/* Event channels: a bit of one domain that another one, or a virtual interrupt, can set. After Xen's. */
#ifndef T64_EVENTS_H
#define T64_EVENTS_H

#include "monitor/host/constants.h"

struct t64_guest;

enum event_state { EVENT_FREE, EVENT_UNBOUND, EVENT_INTERDOMAIN, EVENT_VIRQ };

struct event_channel {
    enum event_state state;
    u64 domain;             /* unbound: who may bind */
    struct t64_guest *peer; /* interdomain: whose the other end is */
    u32 port;               /* of the other end, or the number of the virtual interrupt */
};

/* Set the pending bits of the channels that these interrupts (bits of ipend) are bound to. */
void events_raise_virqs(struct t64_guest *guest, u64 interrupts);
/* The interrupts that are bound to a channel which is not masked. */
u64 events_sources(const struct t64_guest *guest);

/* Set the pending bit of the other end. 0 or a negated hypercall error. */
int events_send(struct t64_guest *guest, u32 port);

/* Free a channel; its other end is unbound again. */
void events_close(struct t64_guest *guest, u32 port);
void events_close_all(struct t64_guest *guest);

#endif
