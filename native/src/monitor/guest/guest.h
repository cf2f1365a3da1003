/* A guest: a computer whose CPU and memory are lent by a host, and the monitor's books about it. */
#ifndef T64_GUEST_H
#define T64_GUEST_H

#include "machine/system.h"
#include "monitor/host/constants.h"
#include "monitor/host/host.h"
#include "monitor/shadow/shadow.h"

struct technique;
struct domain;
struct rewriting;
struct assist;
struct custom;

/* What the run loop does after an exit, where it is not a stop (enum t64_stop). */
enum {
    OUTCOME_RESUME = -1, /* nothing but registers and pc changed */
    OUTCOME_SETTLE = -2, /* look at mode, root, interrupts and events anew */
};

/* The last exit: as the hardware says it, and what was found out about it. */
struct exit_cause {
    int event; /* CPU_TRAP or CPU_SPIN */
    u32 reason;
    u32 word; /* the instruction, if it was one */
    struct t64_trap trap;
    u64 pc, retired; /* of the guest, before it */
    u64 raises;      /* the cause that the guest gets, where it is reflected */
    u64 gpa;         /* of a page fault that the guest's tables translate; else NOWHERE */
};

struct t64_guest {
    struct t64_vm vm; /* first: it is what the public header hands out */
    struct t64_host *host;
    const struct technique *technique;
    u32 *frames; /* host frame of each page */
    u32 pages, holes; /* how many there are, and have been given back: FRAME_NONE */
    u32 owner; /* as the frames know it */
    u32 frames_monitor; /* that the monitor has for it */
    u64 until; /* of the run under way */
    u64 began; /* how many had retired when it began */
    u64 seen;  /* of what the hardware has retired */
    int served; /* the outcome of an exit that was handled in place */
    struct exit_cause exit;
    bool exit_waits;       /* it was shown to an observer, and is handled when the next run begins */
    bool exit_comes_again; /* the host has something to do first: it is neither counted nor shown again */
    bool unsettled;        /* the limit, or giving way, came between an exit, or the boot, and its settling */
    bool settles;          /* a hypercall changed what settling looks at */
    struct t64_walk walk; /* of a page fault, through the guest's own tables (trap) */
    struct shadow shadow; /* trap */
    struct domain *domain; /* para */
    struct rewriting *rewriting; /* rewrite */
    struct assist *assist; /* assist */
    struct custom *custom; /* custom */
    bool is_woken; /* it is in the host's list */
    struct t64_guest *next, *next_woken;
};

/* What the run loop asks of the hypercalls and rings of a guest that has any: one constant table, hypercalls/hypercalls.c. */
struct guest_hypercalls {
    u32 (*under_way)(const struct t64_guest *guest); /* the hcall where the guest stands, if it is under way; else 0 */
    /* While the disk's ring works: is something of it due? And do it, as disk_ring_advance: false if more is left to do. */
    bool (*is_due)(const struct t64_guest *guest, u64 now);
    bool (*advance)(struct t64_guest *guest, u64 now);
    void (*forget)(struct t64_guest *guest); /* the guest starts anew */
};

/* A technique: rows of functions, so that a new kind of exit is a new row. */
struct technique {
    bool takes_runs; /* memory in contiguous runs is of use */
    bool pages_directly; /* the hardware walks the guest's own tables, in which host frames stand */
    bool (*open)(struct t64_guest *guest); /* false without memory */
    void (*close)(struct t64_guest *guest);
    int (*boot)(struct t64_guest *guest, u64 entry);
    void (*enter)(struct t64_guest *guest); /* a run begins: the state goes where the guest works on it */
    void (*leave)(struct t64_guest *guest); /* a run ends: the state is complete again */
    /* After an exit that may have changed anything: deliver an interrupt that is due, and set the hardware's pc, root
     * and timer. OUTCOME_RESUME or a stop. */
    int (*settle)(struct t64_guest *guest);
    /* At the beginning of a run: set the hardware, and have its timer go off at once for what came due since the last
     * run. A guest must not be able to tell where its runs began. OUTCOME_RESUME or a stop. */
    int (*resume)(struct t64_guest *guest);
    /* Run on the hardware up to the next exit, and bring the guest's state up to date: a stop, or what cpu_trap explains. */
    int (*go)(struct t64_guest *guest);
    void (*state_changed)(struct t64_guest *guest); /* from outside */
    void (*memory_changed)(struct t64_guest *guest, t64_gpa gpa, u64 size);
    u32 (*root)(struct t64_guest *guest, u32 mode);            /* FRAME_NONE if there is none */
    u32 (*const *reason)(struct t64_guest *guest); /* by the hardware's exception: an exit reason */
    int (*const *handle)(struct t64_guest *guest); /* by reason: an outcome */
    const struct guest_hypercalls *hypercalls; /* NULL: its guests have none */
    u64 hcall_cause; /* what the hardware says where an hcall exits */
    void (*stored)(struct t64_guest *guest, t64_gpa gpa); /* in the guest's place, by the monitor. NULL: nobody need know */
    /* What follows is NULL where it is what every computer has: see t64_vm_ops. */
    u64 (*translate)(struct t64_guest *guest, t64_gva gva, u32 rights);
    struct t64_instant (*next_event)(struct t64_guest *guest);
    u64 (*pending)(struct t64_guest *guest); /* ipend as it is now */
    u64 (*save_size)(struct t64_guest *guest);
    void (*save)(struct t64_guest *guest, u8 *buffer);
    int (*prepare_load)(struct t64_guest *guest, const u8 *buffer); /* of save_size bytes */
    void (*load)(struct t64_guest *guest, const u8 *buffer);
    /* The host has moved the guest away from what it had under way: end that. NULL: there is never anything to end. */
    void (*abandon)(struct t64_guest *guest);
};

/* A guest under a technique, whose number is `number`; NULL without memory, or frames. */
t64_vm *guest_new(struct t64_host *host, const struct technique *technique, u32 number, const t64_config *config);

/* How other domains name it; never 0. */
static inline u64 guest_id(const struct t64_guest *guest) { return guest->owner - FRAME_MONITOR; }

/* That of a domain id; NULL if there is none. */
struct t64_guest *guest_of_domain(const struct t64_host *host, u64 id);

static inline struct t64_guest *guest_of(struct t64_vm *vm) { return (struct t64_guest *)vm; }

/* The host's time: what all its guests have retired, and what it was told has passed. */
static inline u64 guest_real_time(const struct t64_guest *guest)
{
    return guest->host->real_time + (guest->vm.state.retired - guest->began);
}

/* Others have sent it something, which may end a wait of it. */
void guest_note_woken(struct t64_guest *guest);

/* What the monitor takes and gives back from now on is for this guest. */
static inline void guest_serve(struct t64_guest *guest) { guest->host->frames.served = &guest->frames_monitor; }

/* The hardware's registers: the guest's own x and pc during a run. */
static inline struct t64_state *hardware_state(struct t64_guest *guest) { return &guest->host->hardware.state; }

/* Reasons that need no look at the exit, and that of a privileged or critical instruction. */
u32 guest_exception_reason(struct t64_guest *guest);
u32 guest_syscall_reason(struct t64_guest *guest);
u32 guest_sensitive_reason(u32 word);

/* Reasons by cause, of a technique that runs guests in the hardware's user mode: these three are its own. */
#define GUEST_REASONS(page_fault, illegal, privileged) { \
        [0] = guest_exception_reason, \
        [CAUSE_FETCH_MISALIGNED] = guest_exception_reason, \
        [CAUSE_FETCH_PAGE_FAULT] = page_fault, \
        [CAUSE_FETCH_ACCESS_FAULT] = guest_exception_reason, \
        [CAUSE_ILLEGAL_INSTRUCTION] = illegal, \
        [CAUSE_PRIVILEGED_INSTRUCTION] = privileged, \
        [CAUSE_SYSCALL] = guest_syscall_reason, \
        [CAUSE_BREAK] = guest_exception_reason, \
        [CAUSE_LOAD_MISALIGNED] = guest_exception_reason, \
        [CAUSE_LOAD_PAGE_FAULT] = page_fault, \
        [CAUSE_LOAD_ACCESS_FAULT] = guest_exception_reason, \
        [CAUSE_STORE_MISALIGNED] = guest_exception_reason, \
        [CAUSE_STORE_PAGE_FAULT] = page_fault, \
        [CAUSE_STORE_ACCESS_FAULT] = guest_exception_reason, \
    }

/* `go` of the techniques that run a guest in the hardware's user mode. */
int guest_go_in_user_mode(struct t64_guest *guest);

/* guest_memory.c: may a device of the guest's reach all these bytes, at least one? */
bool guest_allows(const struct t64_guest *guest, t64_gpa gpa, u64 size, bool writes);
/* A device's write, which it may do. */
void guest_write(struct t64_guest *guest, t64_gpa gpa, const void *buffer, u64 size);
/* A store of the guest's, within a word: the shadows of its tables are kept in step. */
void guest_store(struct t64_guest *guest, t64_gpa gpa, u64 value, u32 size);
/* An access of the guest's was made in its place: its modelled TLB, if it has one, is to know. */
void guest_accessed(struct t64_guest *guest, t64_gva gva, enum t64_access access);
/* Set A and D in the guest's entry, as the hardware would. Returns the entry as it is now. */
u64 guest_mark(struct t64_guest *guest, const struct t64_walk *found, u32 rights);

/* Of a handler: did nothing happen, but that the host or others have something to do first? The instruction will exit again. */
static inline bool guest_comes_again(int outcome)
{
    return T64_UNLIKELY(outcome >= 0) && (outcome == T64_STOP_INPUT || outcome == T64_STOP_OUTPUT || outcome == T64_STOP_WAIT || outcome == T64_STOP_WORK);
}

/* Of t64_vm_ops. */
int guest_run(struct t64_vm *vm, u64 until);

/* What a monitor does after an effect, where that is all there is to do. */
static inline int guest_outcome_of_effect(int effect)
{
    if (effect >= 0)
        return effect;
    return effect == T64_EFFECT_NEXT || effect == T64_EFFECT_FLUSH_PAGE ? OUTCOME_RESUME : OUTCOME_SETTLE;
}

/* The hardware's timer interrupts the guest when its time comes to `event`. */
void guest_set_alarm(struct t64_guest *guest, struct t64_instant event);
_Static_assert((int)EXIT_NAMING_COUNT <= (int)T64_NAMING_MAX, "there is a row for each reason whose instruction names something");

/* One more exit for the reason that it has, or by -1 one less; `word` is the instruction, if it was one. */
static inline void guest_count_exit(struct t64_guest *guest, u32 word, int by)
{
    u32 reason = guest->exit.reason, number = word_immediate(word);
    guest->vm.exits[reason] += (u64)by;
    if (T64_NAMING_EXITS >> reason & 1)
        guest->vm.operands[reason][number < T64_OPERANDS ? number : T64_OPERANDS - 1] += (u64)by;
}

/* An instruction was emulated: it retired in the guest's time, not in the hardware's. pc is the guest's. */
static inline void guest_retired_one(struct t64_guest *guest)
{
    struct t64_state *hardware = hardware_state(guest);
    hardware->pc = t64_alone(guest->vm.state.pc);
    /* The guest's time went on, the hardware's did not; what is due from 0 on stays so. */
    hardware->timecmp -= hardware->timecmp && hardware->timecmp != T64_NOWHERE;
}

/* The instruction at pc, which the monitor made in its place, has retired. */
void guest_step(struct t64_guest *guest);

/* Between two instructions: has the guest, interrupts and its limit aside, to settle before the next one? */
bool guest_has_to_settle(const struct t64_guest *guest);
/* A jump to itself that an interrupt can end: retire it up to the limit or the next event. */
void guest_spin(struct t64_guest *guest, struct t64_instant event);
/* The guest cannot go on. */
int guest_fault(struct t64_guest *guest, enum t64_fault fault, u64 cause, u64 tval);

#endif
