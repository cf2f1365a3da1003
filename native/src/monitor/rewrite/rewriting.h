/* Rewriting: the monitor's own copies of code pages, in which sensitive instructions are replaced, word for word.
 *
 * Code is scanned before it first runs, page by page, for each mode by itself. A page without a hit runs as it is; one
 * with a hit runs as a copy, which is mapped to be executed and no more. From then on a store to the page comes to the
 * monitor, which forgets what it knows of it. The guest never sees a copy: what it loads from there, it gets from the
 * original.
 */
#ifndef T64_REWRITING_H
#define T64_REWRITING_H

#include "monitor/guest/guest.h"

/* A monitor call is an hcall of this number and up: the number of its site is added. */
enum { CALL_BASE = 0x80000, SITES_MAXIMUM = 1 << 16 };
/* Control registers that the kernel writes by a plain store of the vCPU page; a new timecmp has to come to the monitor. */
enum { VCPU_TAKES = FREE_FOR_READERS | 1 << CR_IMASK };

/* What is known of a page's code, in one mode. */
enum rewritten_state {
    REWRITTEN_UNKNOWN,
    REWRITTEN_CLEAN,  /* nothing to be replaced */
    REWRITTEN_COPIED, /* runs as a copy */
    REWRITTEN_STEPPED /* changes too often to be copied: interpreted until it cools */
};

/* Where a copy calls the monitor. */
struct site {
    struct t64_decoded original;
    u32 word; /* encoded */
    u32 page;
    u16 index; /* of the word in its page */
    u8 mode;
    bool used;
    bool adapted; /* no sensitive instruction, but an access that faulted often, or that the vCPU page would answer */
    u16 idle;     /* so often in a row an adapted one need not have called */
    /* Of an adapted one: where it went last, to be trusted as the hardware's cache would be, until that is flushed. */
    t64_gva last_page;
    t64_gpa last_at;
    u64 flushes;
};

static inline bool state_is_known(u8 state) { return state == REWRITTEN_CLEAN || state == REWRITTEN_COPIED; }

struct rewritten_page {
    u32 copy[2];  /* frames; FRAME_NONE without one */
    u8 state[2];  /* enum rewritten_state */
    u16 in_place[2]; /* words of the copy that became loads and stores of the vCPU page */
    u8 heat;      /* rises with each loss of what was known */
    u8 steps;     /* until it has cooled */
};

/* An instruction whose accesses fault, and how often they did. */
struct faulting_access {
    t64_gpa at;
    u32 count;
};
enum { FAULTING_ACCESSES = 64 };

struct rewriting {
    struct rewritten_page *pages;
    struct site *sites;
    u32 sites_used, free_site; /* list by `page` */
    struct faulting_access faulting[FAULTING_ACCESSES];
    struct t64_rewriting counts;
    bool suspects[128]; /* opcodes of which some instruction may have to be replaced */
    struct t64_instant alarm; /* that the hardware was set to */
    struct t64_decoded at; /* the instruction that exited, where it is sensitive or adapted */
    u32 called;            /* its site, or SITES_MAXIMUM */
    bool at_window;        /* the window is not mapped yet */
    bool taken;            /* the vCPU is in the guest's state, its page out of date */
};

bool rewriting_open(struct t64_guest *guest);
void rewriting_close(struct t64_guest *guest);

/* Is this mode's code scanned at the hardware's level? Elsewhere all that is sensitive traps, or does nothing. */
bool rewritten_is_scanned(const struct t64_guest *guest, u32 mode);

/* What is known of a page, after a scan if need be. */
enum rewritten_state rewritten_learn(struct t64_guest *guest, u32 page, u32 mode);
/* Does a store to the page have to come to the monitor? */
static inline bool rewritten_is_known(const struct t64_guest *guest, u32 page)
{
    const u8 *state = guest->rewriting->pages[page].state;
    return state_is_known(state[0]) || state_is_known(state[1]);
}
/* It is stored to. */
void rewritten_forget(struct t64_guest *guest, u32 page);
void rewritten_forget_all(struct t64_guest *guest);

/* The site that this word calls the monitor from, or NULL. */
struct site *site_of_call(struct t64_guest *guest, u32 word);

/* The instruction at a physical address faulted in an access: replace it once that is hot. */
void rewritten_note_fault(struct t64_guest *guest, t64_gpa at, struct t64_decoded in);
/* An adapted site called: it had to, or not. Put the original back once it has cooled. */
void rewritten_note_call(struct t64_guest *guest, struct site *site, bool needed);

/* stepping.c: interpret code in the page of pc, one instruction at a time. An outcome. */
int rewritten_step(struct t64_guest *guest);

#endif
