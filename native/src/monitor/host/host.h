/* The host: the hardware that a monitor owns. Its kernel mode is the monitor, in C; guests run on it in user mode. */
#ifndef T64_HOST_H
#define T64_HOST_H

#include "engine/cpu.h"
#include "monitor/host/constants.h"
#include "monitor/host/frames.h"

struct t64_guest;

struct t64_host {
    struct t64_vm hardware; /* all RAM; the guests' devices are their own, it has none */
    struct t64_cpu *cpu;
    struct t64_cpu *kernels; /* interprets the kernels of hybrid guests; NULL before there is one */
    struct t64_cpu *stepper; /* interprets single instructions of guests whose code is rewritten; NULL likewise */
    struct frames frames;
    struct t64_guest *guests; /* a list */
    struct t64_guest *woken;  /* a list: to whom others have sent something since t64_host_woken told of them */
    u32 next_owner;
    u64 real_time; /* ticks, but for those of the run under way */
    u64 work, allowance; /* units done for the guest in the run under way, and how many it may cost */
};

/* In the units of hypercalls.py. */
static inline void host_note_work(struct t64_host *host, u64 units) { host->work += units; }
/* Has the guest had what a run may cost? Then the rest is for the next one. */
static inline bool host_is_spent(const struct t64_host *host) { return host->work >= host->allowance; }

/* Free a host that has no guests any more, and what it has itself. */
void host_close(struct t64_host *host);

/* The root that the hardware walks from now on. Forgets all translations if it is another one. */
void host_use_root(struct t64_host *host, u32 root);

static inline bool host_uses_root(const struct t64_host *host, u32 root)
{
    return host->hardware.state.ptbr == (frame_address(root).at | PTBR_ENABLE);
}

/* Beyond all RAM: what runs under it reaches nothing. */
#define HOST_NO_ROOT (PTBR_ENABLE | PTBR_FRAME)

/* Forget the root in use: its frame may become something else. */
void host_use_no_root(struct t64_host *host);

/* To be read, up to the end of the page. */
static inline const u8 *host_bytes(const struct t64_host *host, t64_hpa hpa) { return host->hardware.phys.ram + hpa.at; }
static inline u64 host_entry(const struct t64_host *host, t64_hpa hpa) { return *(const u64 *)(const void *)host_bytes(host, hpa); }

/* These bytes are others now: nothing decoded from them before may run, recompiled or not. */
static inline void host_memory_changed(struct t64_host *host, t64_hpa hpa, u64 size)
{
    cpu_memory_changed(host->cpu, hpa, size);
}

/* The one door for what the monitor writes, within a page: whoever has to know of it is told here, the TLBs aside. In a guest's
 * place it is guest_store, as one of its devices guest_write, which come here after they have told its technique. */
void host_store(struct t64_host *host, t64_hpa hpa, const void *bytes, u64 size);

static inline void host_store_entry(struct t64_host *host, t64_hpa hpa, u64 value)
{
    *(u64 *)(void *)phys_to_write(&host->hardware.phys, hpa) = value;
    host_memory_changed(host, hpa, sizeof value);
}

/* A zeroed frame for the monitor's own tables. */
static inline u32 host_take_frame(struct t64_host *host) { return frames_take(&host->frames, FRAME_MONITOR, 0); }
void host_give_back(struct t64_host *host, u32 frame);

#endif
