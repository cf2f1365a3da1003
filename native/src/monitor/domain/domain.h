/* A domain: what the monitor keeps of a paravirtual guest, for its hypercalls and rings to change and its technique to act on. The
 * shape is Xen's (Barham et al., SOSP 2003). */
#ifndef T64_DOMAIN_H
#define T64_DOMAIN_H

#include "monitor/domain/event_channels.h"
#include "monitor/domain/grants.h"
#include "monitor/domain/trees.h"
#include "monitor/guest/guest.h"

enum { DOMAIN_EXCEPTIONS = 16, DOMAIN_INTERRUPTS = INTERRUPTS_END, DOMAIN_KERNEL = 0, DOMAIN_USER = 1 };

/* The monitor's frames: the shared page, and the tables that map it in the window. */
enum { DOMAIN_SHARED, DOMAIN_WINDOW_LEVEL0, DOMAIN_WINDOW_LEVEL1, DOMAIN_MONITOR_FRAMES };

struct domain_handler {
    u64 address;
    bool given, keeps_interrupts;
};

/* The trap table: exceptions by code, then interrupts by number, then the one for all others. */
enum { DOMAIN_HANDLER_ANY = DOMAIN_EXCEPTIONS + DOMAIN_INTERRUPTS, DOMAIN_HANDLERS };

struct domain {
    struct domain_handler handlers[DOMAIN_HANDLERS];
    u32 roots[2]; /* by mode; FRAME_NONE: none */
    u32 monitor_frames[DOMAIN_MONITOR_FRAMES];
    u8 *shared; /* the bytes of the first of them */
    u64 pending;                  /* ipend, as last shown to the guest */
    u64 target;                   /* pages that it is to have */
    struct event_channel channels[EVENT_PORTS];
    u32 virq_ports[VIRQ_COUNT];   /* 0: not bound */
    struct grant grants[GRANTS];
    struct grant_map maps[GRANT_MAPS];
    u32 maps_used;
    struct trees trees;           /* being taken or let go */
    bool has_news;                /* others have changed its pending events since it was shown them */
    bool flush;                   /* forget the hardware's translations before the guest goes on */
    bool booted;
    bool broken;                  /* its tables are not sound any more: it cannot go on */
    bool doubtful;                /* memory was written from outside: check the tables before they are used */
};

/* The shared page, by member. The guest may have written anything there. */
static inline u64 *domain_shared(const struct t64_guest *guest, u32 offset)
{
    return (u64 *)(guest->domain->shared + offset);
}

static inline bool domain_interrupts_enabled(const struct t64_guest *guest)
{
    return *domain_shared(guest, SHARED_STATUS) & STATUS_IE;
}

/* ipend as it is now, events included; advances devices. */
static inline u64 domain_pending(struct t64_guest *guest)
{
    bool event = *domain_shared(guest, SHARED_EVENT_PENDING) & ~*domain_shared(guest, SHARED_EVENT_MASK);
    return system_pending(&guest->vm) | (event ? IPEND_EVENT : 0);
}

/* What a wait under this mask has to look out for: virtual interrupts that raise an event, too. */
u64 domain_awaited(const struct t64_guest *guest, u64 imask);

/* Is an interrupt to be delivered, by the last look at ipend? */
static inline bool domain_interrupt_is_due(const struct t64_guest *guest)
{
    return domain_interrupts_enabled(guest) && (guest->domain->pending & *domain_shared(guest, SHARED_IMASK));
}

/* Others have changed what is pending for it. */
static inline void domain_tell(struct t64_guest *guest)
{
    guest->domain->has_news = true;
    guest_note_woken(guest);
}

static inline u32 domain_mode(const struct t64_guest *guest) { return vm_in_user_mode(&guest->vm); }

/* The monitor's knowledge of the mode; the guest's word is not taken for it. */
static inline void domain_set_mode(struct t64_guest *guest, u32 mode)
{
    u64 status = guest->vm.state.status & ~STATUS_MODE;
    guest->vm.state.status = mode == DOMAIN_USER ? status | STATUS_MODE : status;
}

/* The hardware's walk under the root in use, which no trap comes of. */
struct t64_walk domain_walk(struct t64_guest *guest, t64_gva gva, u32 rights);

#endif
