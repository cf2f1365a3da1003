/* Guest mode: the hardware runs a guest with kernel and user modes of its own, after isa/guest_mode.py. */
#ifndef T64_GUEST_MODE_H
#define T64_GUEST_MODE_H

#include "engine/cpu.h"

/* The record of the last exit. Its code and tval stand in cpu_trap() too. */
struct guest_exit {
    u32 code;   /* enum t64_guest_exit_code */
    u32 access; /* nested fault: enum t64_access */
    u64 tval;
    u64 gpa;                    /* nested fault; else NOWHERE */
    struct t64_stop_info fault; /* shutdown */
};

/* The guest-state area: what a VMCS or VMCB holds. */
struct guest_area {
    struct t64_state *state; /* the guest's own, current after each exit; but x, which stays in the hardware's */
    u64 info;
    u64 intercepts; /* a sum of INTERCEPT_* */
    u64 lines;      /* bits of ipend that its devices raise */
    struct t64_instant alarm; /* exit when its time comes to this */
    bool nested;    /* the tables are nested; else they stand in for the guest's own */
    t64_hpa tables[2]; /* roots; [0] is that of both modes where nested */
    bool has_event;
    struct t64_trap event; /* to be delivered on entry */
    struct guest_exit exit;
};

/* Enter guest mode and run until `until` of the guest's instructions have retired (T64_STOP_LIMIT), or an exit (CPU_TRAP).
 * Whoever runs anything else on this engine in between forgets the translations before and after. */
int cpu_run_guest(struct t64_cpu *cpu, struct guest_area *area, u64 until);

#endif
