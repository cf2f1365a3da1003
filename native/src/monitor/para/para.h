/* The technique `para`: what its files share. The shape is Xen's (Barham et al., SOSP 2003). */
#ifndef T64_PARA_H
#define T64_PARA_H

#include "monitor/guest/guest.h"
#include "monitor/hypercalls/hypercall.h"
#include "monitor/para/event_channels.h"
#include "monitor/para/grants.h"
#include "monitor/para/trees.h"

enum { PARA_EXCEPTIONS = 16, PARA_INTERRUPTS = EVENT_INTERRUPT + 1, PARA_KERNEL = 0, PARA_USER = 1 };

/* The monitor's frames: the shared page, and the tables that map it in the window. */
enum { PARA_SHARED, PARA_WINDOW_LEVEL0, PARA_WINDOW_LEVEL1, PARA_MONITOR_FRAMES };

struct para_handler {
    u64 address;
    bool given, keeps_interrupts;
};

/* The trap table: exceptions by code, then interrupts by number, then the one for all others. */
enum { PARA_HANDLER_ANY = PARA_EXCEPTIONS + PARA_INTERRUPTS, PARA_HANDLERS };

struct para {
    struct para_handler handlers[PARA_HANDLERS];
    u32 roots[2]; /* by mode; FRAME_NONE: none */
    u32 monitor_frames[PARA_MONITOR_FRAMES];
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
static inline u64 *para_shared(const struct t64_guest *guest, u32 offset)
{
    return (u64 *)(guest->para->shared + offset);
}

static inline bool para_interrupts_enabled(const struct t64_guest *guest)
{
    return *para_shared(guest, SHARED_STATUS) & STATUS_IE;
}

/* ipend as it is now, events included; advances devices. */
static inline u64 para_pending_now(struct t64_guest *guest)
{
    bool event = *para_shared(guest, SHARED_EVENT_PENDING) & ~*para_shared(guest, SHARED_EVENT_MASK);
    return system_pending(&guest->vm) | (event ? IPEND_EVENT : 0);
}

/* What a wait under this mask has to look out for: virtual interrupts that raise an event, too. */
u64 para_awaited(const struct t64_guest *guest, u64 imask);

/* Is an interrupt to be delivered, by the last look at ipend? */
static inline bool para_interrupt_is_due(const struct t64_guest *guest)
{
    return para_interrupts_enabled(guest) && (guest->para->pending & *para_shared(guest, SHARED_IMASK));
}

static inline u32 para_mode(const struct t64_guest *guest) { return vm_in_user_mode(&guest->vm); }

/* The monitor's knowledge of the mode; the guest's word is not taken for it. */
void para_set_mode(struct t64_guest *guest, u32 mode);

/* Deliver a trap to the guest's handler: an outcome. */
int para_raise(struct t64_guest *guest, u64 cause, u64 tval);

/* para_exits.c: what technique_para says of them. */
extern int (*const para_handlers[EXIT_COUNT])(struct t64_guest *guest);
extern u32 (*const para_reasons[])(struct t64_guest *guest);

/* Write the tables that map the shared page. */
void para_build_window(struct t64_guest *guest);

/* builder.c: t64_vm_boot's. */
int para_boot(struct t64_guest *guest, u64 entry);

/* guest_copy.c: t64_vm_translate's, for tables that hold host frames. */
u64 para_translate(struct t64_guest *guest, t64_gva gva, u32 rights);

/* para_snapshot.c: snapshots. */
u64 para_save_size(struct t64_guest *guest);
void para_save(struct t64_guest *guest, u8 *buffer);
int para_prepare_load(struct t64_guest *guest, const u8 *buffer);
void para_load(struct t64_guest *guest, const u8 *buffer);

#endif
