/* toyvm.h: all that a host program may ask of the native core. cffi reads it too: plain declarations, no directives.
 *
 * Nothing here is global: every object hangs from a t64_vm or a t64_host, and different ones may be used from different
 * threads. Functions that return int give T64_OK or a negative T64_ERROR_*; a guest's own mistakes are never errors.
 */

typedef struct t64_vm t64_vm;     /* a computer as its kernel sees it: the bare machine, or one guest of a host */
typedef struct t64_host t64_host; /* a machine that a monitor owns */

enum t64_error {
    T64_OK = 0,
    T64_ERROR_RANGE = -1,    /* an address or size outside the memory */
    T64_ERROR_MEMORY = -2,   /* the host has no memory left */
    T64_ERROR_VALUE = -3,    /* a value that the register or option cannot hold */
    T64_ERROR_SNAPSHOT = -4, /* not a snapshot, damaged, or of another configuration */
    T64_ERROR_BUSY = -5,     /* another domain maps frames of this guest */
    T64_ERROR_FRAMES = -6,   /* frames that the guest of a snapshot had are others' now, or not there */
    T64_ERROR_HOLE = -7,     /* the guest has given the page back to its host */
    T64_ERROR_ROOM = -8,     /* the image leaves too little of the guest's memory for what its monitor puts there */
    T64_ERROR_DISK = -9,     /* the snapshot is without what the disk held */
};

enum t64_technique { T64_TRAP, T64_PARA, T64_HYBRID, T64_REWRITE, T64_ASSIST, T64_CUSTOM };

/* What can be done in another way under a technique; a sum in t64_config. */
enum t64_option {
    T64_OPTION_FLUSH = 1,      /* shadow tables are filled anew after each switch of address space */
    T64_OPTION_ADAPTIVE = 2,   /* rewriting: sites that fault often are rewritten too */
    T64_OPTION_SHADOW = 4,     /* hardware assistance without nested paging */
    T64_OPTION_HYPERCALLS = 8, /* hcall is offered to an unmodified kernel */
};

enum t64_stop {
    T64_STOP_LIMIT,    /* `until` instructions have retired */
    T64_STOP_EXIT,     /* switched off through the power port or the shutdown hypercall; latched */
    T64_STOP_IDLE,     /* a wfi that nothing can end; pc is behind it */
    T64_STOP_FAULT,    /* it cannot go on; see t64_stop_info; latched */
    T64_STOP_OBSERVED, /* an exit that the host asked to see, not handled yet; the next run handles it */
    T64_STOP_OUTPUT,   /* the console's buffer is full: drain it and run again */
    T64_STOP_INPUT,    /* the guest asked for input that t64_vm_input has not brought yet; pc is at the asking instruction */
    T64_STOP_WAIT,     /* a live terminal, and a wfi (pc is at it) that would skip time: sleep, then bring input or let it skip */
    T64_STOP_YIELD,    /* of a t64_vm that yields: a wfi skipped time, or the guest asked to; nothing else has happened */
    T64_STOP_WORK,     /* what its monitor has to do for it is more than a run may cost; the next run goes on with it */
};

enum t64_fault { T64_FAULT_NONE, T64_FAULT_DOUBLE, T64_FAULT_STUCK, T64_FAULT_NO_HANDLER, T64_FAULT_BAD_PAGE_TABLE };

enum t64_input_mode {
    T64_INPUT_STREAM, /* a file or pipe: all its bytes are there from count 0; the host brings them when asked */
    T64_INPUT_LIVE,   /* a terminal: bytes are there once brought */
};

typedef struct t64_config {
    uint64_t memory;       /* bytes, a multiple of 4096 */
    uint64_t clock_base;   /* nanoseconds since the Unix epoch at time 0 */
    uint64_t disk_latency; /* ticks from a disk command to its completion */
    uint32_t level;        /* hardware level: 0 classic, 1 hybrid, 2 strict, 3 assist */
    uint32_t options;      /* of a guest: a sum of t64_option; those that its technique does not know mean nothing */
} t64_config;

/* An instant of a computer's time, or never: a guest can come to each value of time, so that none of them stands for never. */
typedef struct t64_instant {
    uint64_t time;
    uint32_t comes; /* 0: never */
} t64_instant;

/* The architectural state; complete and current whenever no run is under way. Registers and pc may be written directly, control
 * registers through t64_vm_set_cr. */
typedef struct t64_state {
    uint64_t x[33]; /* x[0] is 0; x[32] is where engines drop writes to x0 */
    uint64_t pc;
    uint64_t status, tvec, epc, cause, tval, scratch, ptbr, timecmp, imask; /* those that isa/control.py has as writable */
    uint64_t retired; /* instructions */
    uint64_t skipped; /* ticks; time = retired + skipped */
    uint8_t fresh;    /* nothing has retired since the last trap: an exception now is a double fault */
} t64_state;

/* Why the last run stopped. For FAULT: the exception that could not be delivered. */
typedef struct t64_stop_info {
    uint32_t fault;
    uint64_t exit_code;
    uint64_t cause, pc, tval;
} t64_stop_info;

/* The last exit from a guest to its monitor. */
typedef struct t64_exit {
    uint32_t reason;  /* index into the exit reasons */
    uint32_t word;    /* the instruction, where one caused it */
    uint64_t pc;      /* where the guest was */
    uint64_t cause;   /* as the hardware gave it to the monitor */
    uint64_t tval;
    uint64_t gpa;     /* of a page fault that the guest's tables translate; else all ones */
    uint64_t retired; /* instructions of the guest before it */
} t64_exit;

/* The bare machine. NULL without memory or with a config out of range. */
t64_vm *t64_machine_new(const t64_config *config);

/* A host: a machine at `level` with `memory` bytes of RAM, of which the monitor keeps what it needs; then its guests. */
t64_host *t64_host_new(uint64_t memory, uint32_t level);
void t64_host_free(t64_host *host);             /* its guests first */
const t64_state *t64_host_state(t64_host *host); /* the hardware's own registers, as the last guest left them */
uint64_t t64_host_memory(t64_host *host);
uint64_t t64_host_real_time(t64_host *host); /* ticks: what all its guests have retired, and what was passed */
void t64_host_pass_time(t64_host *host, uint64_t ticks); /* while no guest ran */
uint64_t t64_host_work(t64_host *host); /* units of work that the last run of one of its guests took */
/* From how many on a run gives way, 1..WORK_LIMIT (hypercalls.h). Guests cannot tell. T64_ERROR_VALUE: out of range. */
int t64_host_allow(t64_host *host, uint64_t units);
uint64_t t64_host_frames_free(t64_host *host);
uint64_t t64_host_frames_monitor(t64_host *host); /* frames that the monitor's tables take now */
/* A byte for each frame: is there memory of this process behind it? That comes with the first touch. */
int t64_host_touched(t64_host *host, uint8_t *touched, uint64_t frames);
int t64_host_read(t64_host *host, uint64_t hpa, uint8_t *buffer, uint64_t size);
/* A guest with memory in scattered frames. NULL if the host has too little. Free it with t64_vm_free. */
t64_vm *t64_guest_new(t64_host *host, uint32_t technique, const t64_config *config);
/* The root that the hardware walks (host-physical) while the guest is in that mode, 0 kernel or 1 user; all ones: none yet. */
uint64_t t64_guest_root(t64_vm *guest, uint32_t mode);
/* Have guest mode exit for these too: a sum of 1 << the bits of the intercept mask. T64_ERROR_VALUE: no guest mode, or no such bit. */
int t64_guest_intercept(t64_vm *guest, uint64_t intercepts);
/* The host frame of a guest-physical page. */
uint64_t t64_guest_frame(t64_vm *guest, uint64_t page);
/* How many of its frames were touched, as t64_host_touched has it; and frames that the monitor's tables take for it. */
uint64_t t64_guest_frames_touched(t64_vm *guest, const uint8_t *touched, uint64_t frames);
uint64_t t64_guest_frames_monitor(t64_vm *guest);
/* A guest to which others have sent something, events or a target, that may end a wait of it: each once for all that came since it
 * was told here last. NULL: there is none any more. */
t64_vm *t64_host_woken(t64_host *host);
/* Could a wait of the guest's end now? */
uint32_t t64_guest_wakes(t64_vm *guest);
/* What a rewriting monitor has done: now, and from the beginning. */
typedef struct t64_rewriting {
    uint64_t pages;    /* copies that there are */
    uint64_t in_place; /* words in them that became loads and stores of the vCPU page */
    uint64_t calls;    /* words that became calls of the monitor */
    uint64_t adapted;  /* the same, of accesses that had faulted often, or would reach the monitors' window */
    uint64_t copied, dropped; /* copies ever made, and lost */
    uint64_t stepped;         /* instructions interpreted in pages that changed too often */
} t64_rewriting;

int t64_guest_rewriting(t64_vm *guest, t64_rewriting *counts); /* T64_ERROR_VALUE: its code is not rewritten */
/* Host-physical address of the copy that runs in place of a guest-physical page in that mode; all ones: the page itself. */
uint64_t t64_guest_copy(t64_vm *guest, uint32_t mode, uint64_t page);
/* How many pages a paravirtual guest is to have, and has now. T64_ERROR_VALUE: it is not one, or has never that many. */
int t64_guest_set_target(t64_vm *guest, uint64_t pages);
uint64_t t64_guest_target(t64_vm *guest);
uint64_t t64_guest_pages(t64_vm *guest);
/* Do the monitor's books of a paravirtual guest's page tables equal a recount of them? T64_ERROR_VALUE: they do not; T64_ERROR_BUSY:
 * a hypercall about them is under way. */
int t64_guest_audit(t64_vm *guest);

/* Dynamic recompilation. The core finds code that runs often and asks for it; the caller compiles it, in another thread if he likes,
 * and offers the result. One thread may take and offer while another runs the computers. */
typedef struct t64_recompiler t64_recompiler;

enum { T64_REQUEST_PAGES = 16, T64_REGION_PAGES = 16, T64_REGION_ENTRIES = 256 };

typedef struct t64_recompiler_config {
    uint32_t threshold; /* so often a jump back or a call is taken before its target is asked for */
    uint32_t eager;     /* 1: everything is asked for at once, whatever runs */
    int wake_fd;        /* gets a byte with each request */
    int done_fd;        /* the run waits for a byte from there after each request; -1: it goes on */
} t64_recompiler_config;

/* One page of code as a virtual address shows it. */
typedef struct t64_code_image {
    uint64_t gva;
    uint64_t frame;      /* of the machine's RAM */
    uint64_t marked[16]; /* a bit for each word: in a request it has been executed, in an offer it was compiled */
    uint32_t words[1024];
} t64_code_image;

/* A jump through a register that was seen. */
typedef struct t64_jump {
    uint64_t source, target;
} t64_jump;

typedef struct t64_request {
    uint64_t gva; /* where to enter */
    uint32_t user;
    uint32_t stuck; /* 1: compiled code has often left there, as it could not go on */
    uint32_t page_count;
    uint32_t jump_count;
    t64_jump jumps[256];
    t64_code_image pages[16]; /* that of gva first */
} t64_request;

typedef struct t64_offer {
    uint64_t code; /* host address of its function; 0: drop all that was offered before */
    uint32_t user;
    uint32_t page_count;
    uint32_t entry_count;
    uint32_t site_count;   /* places that access memory */
    uint64_t entries[256]; /* gva; their numbers are what the function takes */
    uint32_t needs[256];   /* so many instructions must be left to enter there */
    t64_code_image pages[16];
} t64_offer;

typedef struct t64_recompiler_counts {
    uint64_t requests, installed, refused, dropped; /* regions refused were out of date when they came */
    uint64_t live;
    uint64_t bytes;            /* of the core's memory for all this */
    uint64_t entered, retired; /* how often compiled code was entered, and the instructions that retired in it */
} t64_recompiler_counts;

/* Attach one to a computer of its own, or to a host for all its guests. It lives as long as that. NULL without memory. */
t64_recompiler *t64_machine_recompile(t64_vm *machine, const t64_recompiler_config *config);
t64_recompiler *t64_host_recompile(t64_host *host, const t64_recompiler_config *config);
uint32_t t64_recompiler_take(t64_recompiler *recompiler, t64_request *request); /* 0: there is no request */
/* To be called once for each request that was taken; NULL: there is nothing to offer. What was offered last is in place, or was refused,
 * by the time of the next request. */
void t64_recompiler_answer(t64_recompiler *recompiler, const t64_offer *offer);
void t64_recompiler_read_counts(t64_recompiler *recompiler, t64_recompiler_counts *counts);

/* A monitor in the host program: a guest of the technique T64_CUSTOM. It runs on the hardware, in user mode, and each of its exits
 * ends the run with T64_STOP_OBSERVED: t64_vm_exit is the record of it. What the monitor makes of it, it does by what follows,
 * between runs. T64_ERROR_VALUE: a guest of another technique, or an argument out of range. */

/* What executing one instruction on the vCPU came to, where it is no stop: EXIT (the next run says so) and IDLE, retired; INPUT, OUTPUT
 * and WAIT, nothing happened. */
enum t64_effect {
    T64_EFFECT_NEXT = -1,       /* retired; pc moved to the next instruction */
    T64_EFFECT_JUMP = -2,       /* retired; pc, mode or what interrupts may come in has changed (eret, status, setst, imask, timecmp, ports) */
    T64_EFFECT_FLUSH = -3,      /* retired; all translations are to be forgotten (tlbi zero, ptbr) */
    T64_EFFECT_FLUSH_PAGE = -4, /* retired; that of `page` is */
    T64_EFFECT_TRAP = -5,       /* did not retire: `cause` and `tval` are the guest's trap */
};

typedef struct t64_emulation {
    int32_t effect;  /* enum t64_effect, or the stop that it is */
    uint32_t yields; /* T64_STOP_YIELD is due */
    uint64_t cause, tval, page;
} t64_emulation;

/* A walk through the guest's tables, in the vCPU's mode. */
typedef struct t64_mapping {
    uint64_t cause;  /* of the trap that the access raises; 0: none */
    uint64_t gpa;
    uint64_t hpa;    /* where that is; all ones with a cause */
    uint64_t rights; /* bits R, W, X of an entry that the guest's entry allows without a mark to be set: no W while D is clear */
} t64_mapping;

/* How the next run enters the guest: in one of two address spaces, 0 and 1, interrupted at the latest at the alarm. */
int t64_custom_enter(t64_vm *guest, uint32_t space, t64_instant alarm);
/* Execute a privileged or critical instruction on the vCPU. */
int t64_custom_emulate(t64_vm *guest, uint32_t word, t64_emulation *emulation);
/* The vCPU takes a trap at its pc; if it cannot, the next run says so. */
int t64_custom_trap(t64_vm *guest, uint64_t cause, uint64_t tval);
/* The interrupt that imask lets in now, as a cause; 0: none. Whether interrupts are on is not looked at. */
uint64_t t64_custom_interrupt(t64_vm *guest);
t64_instant t64_custom_next_event(t64_vm *guest); /* when imask may let in another one */
/* After an exit `spin`: let the jump to itself retire up to the next event, or find the guest stuck. */
int t64_custom_spin(t64_vm *guest);
/* For one access: 2 load, 4 store, 8 fetch; sets A and D in the guest's entry if `marks`. */
int t64_custom_walk(t64_vm *guest, uint64_t gva, uint32_t access, uint32_t marks, t64_mapping *mapping);
/* Map a page in an address space. T64_ERROR_RANGE: not a frame of the guest's. Others may be forgotten for it. */
int t64_custom_map(t64_vm *guest, uint32_t space, uint64_t gva, uint64_t hpa, uint64_t rights);
int t64_custom_flush(t64_vm *guest);
int t64_custom_flush_page(t64_vm *guest, uint64_t gva);

/* What follows is the same for a machine and a guest. */
void t64_vm_free(t64_vm *vm);
/* Put the computer at its entry point, after its memory was written: for a paravirtual guest, builds its first tables. */
int t64_vm_boot(t64_vm *vm, uint64_t entry);
/* Run until `until` instructions have retired in all, or a stop (enum t64_stop). */
int t64_vm_run(t64_vm *vm, uint64_t until);
const t64_stop_info *t64_vm_stop_info(t64_vm *vm);
uint32_t t64_vm_halted(t64_vm *vm); /* is its stop latched? */

t64_state *t64_vm_state(t64_vm *vm);
int t64_vm_cr(t64_vm *vm, uint32_t number, uint64_t *value);
int t64_vm_set_cr(t64_vm *vm, uint32_t number, uint64_t value);

uint64_t t64_vm_memory(t64_vm *vm);
int t64_vm_read(t64_vm *vm, uint64_t gpa, uint8_t *buffer, uint64_t size);
int t64_vm_write(t64_vm *vm, uint64_t gpa, const uint8_t *buffer, uint64_t size);
/* The next page from `page` on that is not all zero, or all ones. */
uint64_t t64_vm_next_page(t64_vm *vm, uint64_t page);
/* Translate as the current mode would, setting nothing: the guest-physical address, or all ones. */
uint64_t t64_vm_translate(t64_vm *vm, uint64_t gva, uint32_t rights);

uint64_t t64_vm_output(t64_vm *vm, uint8_t *buffer, uint64_t size); /* take console output; how much there was */
int t64_vm_input(t64_vm *vm, const uint8_t *buffer, uint64_t size);  /* append to the console's input; how much was taken */
void t64_vm_input_end(t64_vm *vm);
void t64_vm_input_mode(t64_vm *vm, uint32_t mode);
/* Stop with T64_STOP_YIELD where the guest gives way to others: at a wfi that skips time, and when it asks to. */
void t64_vm_yields(t64_vm *vm, uint32_t yields);
void t64_vm_skip(t64_vm *vm); /* after T64_STOP_WAIT: let the next wfi skip time */
t64_instant t64_vm_next_event(t64_vm *vm); /* the next timer or device event that ends a wait: of a wfi, or of the hypercall block */
/* Attach a disk of `sectors` in memory that the caller keeps alive; detached by NULL. Each write is on the medium when it completes. */
int t64_vm_disk(t64_vm *vm, uint8_t *data, uint64_t sectors, uint32_t writable);
uint32_t t64_vm_disk_dirty(t64_vm *vm);
/* A write that was not flushed: what its sector held before. */
typedef struct t64_disk_write {
    uint64_t sector;
    uint8_t before[512];
} t64_disk_write;
/* Give the disk a write cache: room for DISK_CACHE_WRITES (isa.h) of them, which the caller keeps alive. `data` has what was written all
 * the same: what a power cut would leave is made from the writes that wait. T64_ERROR_VALUE: there is no disk. */
int t64_vm_disk_cache(t64_vm *vm, t64_disk_write *writes);
/* Those, by number from the oldest on; NULL: so many there are not. */
const t64_disk_write *t64_vm_disk_waiting(t64_vm *vm, uint64_t number);
/* How often the disk was written to: commands, and requests of its ring. Not part of a snapshot. */
uint64_t t64_vm_disk_writes(t64_vm *vm);
/* Runs go by single steps, and stop with T64_STOP_LIMIT where the disk has been written to so often. 0: they do not. */
void t64_vm_stop_after_writes(t64_vm *vm, uint64_t writes);
/* From now on a byte of `marks`, which the caller keeps alive, becomes 1 for each sector that is written. NULL: none does. */
void t64_vm_disk_marks(t64_vm *vm, uint8_t *marks);
/* Until told otherwise, the disk holds nothing but zeros where `parts`, which the caller keeps alive, has a 0 for T64_DISK_PART
 * bytes of it: saving and loading need not look there. NULL: it may hold something everywhere. */
#define T64_DISK_PART 0x100000
void t64_vm_disk_parts(t64_vm *vm, const uint8_t *parts);

/* What takes an engine's or a monitor's time beside instructions and exits. */
enum t64_work {
    T64_WORK_WALKS,           /* of page tables for a load or a store, whose translation was not at hand */
    T64_WORK_FETCH_WALKS,     /* the same for a fetch */
    T64_WORK_MARKS,           /* set in leaves: A, D */
    T64_WORK_WORDS,           /* of code, decoded */
    T64_WORK_CODE_PAGES,      /* that came to hold decoded code */
    T64_WORK_CODE_STORES,     /* to such pages: each is walked for */
    T64_WORK_ENTRIES,         /* of recompiled code */
    T64_WORK_REACHES,         /* from there, to a place whose translation was not at hand */
    T64_WORK_SHADOW_TABLES,   /* that were made */
    T64_WORK_SCANNED_ENTRIES, /* of whole page tables, that were taken or let go */
    T64_WORK_SCANNED_LEAVES,  /* the same of a paravirtual guest's, of level 0: each is checked */
    T64_WORK_LISTED_CALLS,    /* made by a multicall */
    T64_WORK_LISTED_ENTRIES,  /* of page tables, set by a list of mmu_update */
    T64_WORK_RING_REQUESTS,   /* of the disk's ring, done */
    T64_WORK_RING_SECTORS,    /* moved for them */
    T64_WORK_CONSOLE_BYTES,   /* put out by its ring or by a hypercall */
    T64_WORK_COUNT,
};
/* How often each was done; not part of a snapshot. */
const uint64_t *t64_vm_work(t64_vm *vm);

/* A stopwatch: how long the host is at what is not the execution of instructions, in laps. One begins where the engine's loop is left,
 * or asks for a translation that is not at hand, and ends where it goes on; what begins within it is part of it, and so is what the
 * caller does between two runs. Other guests of its host are to stand still. Laps of more than 200 microseconds are taken for the
 * host's doing something else, and count as the mean of their kind. What the stopwatch itself takes is not in them. */
enum t64_lap {
    T64_LAP_LOOKS,    /* for interrupts, limits, the page of pc; for traps that need no monitor */
    T64_LAP_ACCESSES, /* walks, marks, stores to decoded code */
    T64_LAP_EXITS,    /* exits of reason 0, and behind it of the other reasons */
    T64_LAP_COUNT = T64_LAP_EXITS + 64,
};

typedef struct t64_laps {
    uint64_t number;
    double nanoseconds, overhead; /* together; and what the stopwatch itself has taken besides */
} t64_laps;

/* From now on, and from 0. T64_ERROR_MEMORY; what was there stays then. Not part of a snapshot. */
int t64_vm_start_stopwatch(t64_vm *vm);
int t64_vm_laps(t64_vm *vm, uint32_t kind, t64_laps *laps); /* T64_ERROR_VALUE: no stopwatch, no such kind */

/* Exits, by reason; for a machine all stay 0. */
const uint64_t *t64_vm_exits(t64_vm *vm);
/* Those for a hypercall, by its number; the one behind the last: for numbers that there are not. */
const uint64_t *t64_vm_calls(t64_vm *vm);
/* Those of a reason whose instruction names a control register or port, by its number; the last one: for numbers that there are not.
 * NULL: none of that reason does. */
enum { T64_OPERANDS = 32 };
const uint64_t *t64_vm_operands(t64_vm *vm, uint32_t reason);
const t64_exit *t64_vm_exit(t64_vm *vm);
void t64_vm_observe(t64_vm *vm, uint64_t reasons); /* bit n: stop with T64_STOP_OBSERVED at exits of reason n */

/* A modelled TLB: of entries / ways sets, a power of two, the entry used least lately replaced. From now on it is told of each access
 * that paging translates, and nothing else changes but speed; what a custom monitor does in its guest's place it is not told. It is
 * flushed where the guest has translations forgotten. No snapshot has it, and a load empties it. T64_ERROR_VALUE: no such size. */
enum { T64_TLB_ENTRIES_MAX = 65536, T64_TLB_WAYS_MAX = 64 };

typedef struct t64_tlb_counts {
    uint64_t loads, stores; /* that paging translated */
    uint64_t fetch_misses, load_misses, store_misses;
    uint64_t walk_steps;   /* entries of the guest's own tables read for them */
    uint64_t nested_steps; /* and of nested tables, for each of those and for what it came to */
} t64_tlb_counts;

int t64_vm_model_tlb(t64_vm *vm, uint32_t entries, uint32_t ways);
int t64_vm_tlb_counts(t64_vm *vm, t64_tlb_counts *counts); /* since it was made. T64_ERROR_VALUE: there is none */

/* All state but the host's attachments' identity; what the disk holds is included, if `disk` says so. Sizes in bytes. */
uint64_t t64_vm_save_size(t64_vm *vm, uint32_t disk);
int t64_vm_save(t64_vm *vm, uint8_t *buffer, uint64_t size, uint32_t disk);
/* With `keeps_disk` it holds what it holds now, with nothing left to flush, whatever the snapshot has of it. */
int t64_vm_load(t64_vm *vm, const uint8_t *buffer, uint64_t size, uint32_t keeps_disk);
