/* A computer as its kernel sees it, whoever carries it: the bare machine, or a guest under a monitor. */
#ifndef T64_VM_H
#define T64_VM_H

#include "base/phys.h"
#include "base/public.h"
#include "isa/walk.h"
#include "machine/devices.h"
#include "machine/modelled_tlb.h"
#include "machine/stopwatch.h"

enum { T64_EXIT_REASONS_MAX = 64, T64_NAMING_MAX = 8, T64_CALLS_MAX = HYPERCALL_COUNT + 1 };

/* What differs between those who carry a computer; one constant table each, in bare.c and in the monitor. */
struct t64_vm_ops {
    int (*run)(struct t64_vm *vm, u64 until); /* leaves vm->state complete */
    int (*boot)(struct t64_vm *vm, u64 entry);
    void (*free)(struct t64_vm *vm);
    /* vm->state or its memory was changed from outside: forget translations and what was decoded from these bytes. */
    void (*state_changed)(struct t64_vm *vm);
    void (*memory_changed)(struct t64_vm *vm, t64_gpa gpa, u64 size);
    /* What follows is NULL where the carrier adds nothing to what every computer has.
     * Translate with all `rights` as the current mode would, setting nothing; NULL: vm_translate does. */
    u64 (*translate)(struct t64_vm *vm, t64_gva gva, u32 rights);
    /* The next event that its guest waits for; NULL: system_next_wake has it. */
    struct t64_instant (*next_event)(struct t64_vm *vm);
    /* A carrier's books in a snapshot: `prepare` refuses (T64_ERROR_*, nothing changed) or makes room before state and memory
     * are written; `load` reads the books after that; state_changed and memory_changed come last. */
    u64 (*save_size)(struct t64_vm *vm);
    void (*save)(struct t64_vm *vm, u8 *buffer);
    int (*prepare)(struct t64_vm *vm, const u8 *buffer, u64 size);
    void (*load)(struct t64_vm *vm, const u8 *buffer, u64 size);
};

struct t64_vm {
    struct t64_state state;
    struct t64_phys phys;
    struct t64_devices devices;
    struct t64_stop_info stop;
    u64 info;  /* the control register */
    u64 lines; /* bits of ipend that are raised from outside, its own devices' aside */
    u32 level; /* hardware level */
    u32 options; /* a sum of t64_option */
    u32 kind;  /* which carrier, in snapshots: 0 the bare machine, else 1 + enum t64_technique */
    bool skip_allowed; /* t64_vm_skip: the next wfi need not wait for a live terminal */
    u64 stop_after; /* t64_vm_stop_after_writes */
    bool yields, yielded; /* t64_vm_yields; this run is to end for it */
    bool halted;       /* stop is latched: EXIT or FAULT */
    int halted_as;
    u64 exits[T64_EXIT_REASONS_MAX];
    u64 operands[T64_NAMING_MAX][T64_OPERANDS]; /* exits, by reason and the register or port that the instruction names */
    u64 calls[T64_CALLS_MAX]; /* exits for a hypercall, by its number; the last one: for one that does not exist */
    u64 work[T64_WORK_COUNT];
    u64 observed; /* reasons, a bit each */
    struct t64_exit exit;
    struct modelled_tlb *modelled_tlb; /* NULL: none. The hardware of a host has that of the guest which runs */
    struct stopwatch *stopwatch;      /* NULL: none. Likewise */
    const struct t64_vm_ops *ops;
};

/* By the tables that state.ptbr names: NOWHERE where they do not allow it. */
u64 vm_translate(struct t64_vm *vm, t64_gva gva, u32 rights);

#endif
