/* The technique `assist`: what its files share. */
#ifndef T64_ASSIST_H
#define T64_ASSIST_H

#include "engine/guest_mode.h"
#include "monitor/guest/guest.h"
#include "monitor/nested_paging/nested_paging.h"

/* The two ways to give a guest its memory: rows of functions. */
struct assist_paging {
    u64 intercepts; /* that it needs */
    bool (*open)(struct t64_guest *guest);
    void (*close)(struct t64_guest *guest);
    u32 (*root)(struct t64_guest *guest, u32 mode);
    void (*prepare)(struct t64_guest *guest); /* the area's tables, before each entry */
    /* As the guest asks for, where such an instruction exits: after a write of ptbr or a tlbi of all; the tlbi of a page. */
    void (*flush)(struct t64_guest *guest);
    void (*flush_page)(struct t64_guest *guest, t64_gva gva);
    /* From outside: nothing is to be trusted; a page was written. */
    void (*forget)(struct t64_guest *guest);
    void (*memory_changed)(struct t64_guest *guest, t64_gpa gpa);
    /* An exit for a page fault: whose it is, as an exit reason. */
    u32 (*page_fault_reason)(struct t64_guest *guest);
};

struct assist {
    struct guest_area area;
    const struct assist_paging *paging;
    u64 intercepts; /* that the monitor needs */
    struct nested nested;
};

extern const struct technique technique_assist;

extern const struct assist_paging assist_with_nested;
extern const struct assist_paging assist_with_shadow;

/* On the next entry the guest's kernel gets this trap: an outcome. */
int assist_inject(struct t64_guest *guest, u64 cause, u64 tval);

/* A nested fault: a place is not mapped yet, or not the guest's. */
int assist_fill_nested(struct t64_guest *guest);

#endif
