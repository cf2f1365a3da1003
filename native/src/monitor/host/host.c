/* The host: its RAM, its CPU, and the functions of the public header that are about it. */
#include "monitor/host/host.h"

#include "machine/machine.h"

#include <stdlib.h>
#include <string.h>

/* Guests run in user mode with paging and interrupts on, entered as by eret; only the timer, by which the monitor takes the CPU
 * back, comes in. */
static void enter_user_mode(struct t64_state *state)
{
    state->status = STATUS_IE | STATUS_MODE | STATUS_PIE | STATUS_PMODE;
    state->imask = IPEND_TIMER;
    state->timecmp = T64_NOWHERE;
}

static bool host_open(struct t64_host *host, u64 memory, u32 level)
{
    struct t64_vm *hardware = &host->hardware;
    hardware->level = level;
    if (!ram_open(&hardware->phys, memory))
        return false;
    hardware->phys.size = memory;
    hardware->devices.console.ended = hardware->devices.console.end_read = true; /* it has none: nothing is ever pending */
    host->next_owner = FRAME_GUEST;
    host->allowance = WORK_LIMIT;
    enter_user_mode(&hardware->state);
    host->cpu = cpu_new(hardware, CPU_HOSTED);
    return host->cpu && frames_open(&host->frames, hardware->phys.ram, (u32)(memory >> FRAME_SHIFT));
}

t64_host *t64_host_new(uint64_t memory, uint32_t level)
{
    if (!memory || memory % FRAME_SIZE || memory > MEMORY_MAXIMUM || level > LEVEL_ASSIST)
        return NULL;
    struct t64_host *host = calloc(1, sizeof *host);
    if (host && !host_open(host, memory, level)) {
        host_close(host);
        return NULL;
    }
    return host;
}

void host_close(struct t64_host *host)
{
    cpu_free(host->kernels);
    cpu_free(host->stepper);
    cpu_free(host->cpu);
    frames_close(&host->frames);
    ram_close(&host->hardware.phys);
    free(host);
}

void host_use_root(struct t64_host *host, u32 root)
{
    if (host_uses_root(host, root))
        return;
    host->hardware.state.ptbr = frame_address(root).at | PTBR_ENABLE;
    cpu_flush(host->cpu);
}

void host_use_no_root(struct t64_host *host)
{
    host->hardware.state.ptbr = HOST_NO_ROOT;
    cpu_flush(host->cpu);
}

void host_store(struct t64_host *host, t64_hpa hpa, const void *bytes, u64 size)
{
    memcpy(phys_to_write(&host->hardware.phys, hpa), bytes, size);
    host_memory_changed(host, hpa, size);
}

void host_give_back(struct t64_host *host, u32 frame)
{
    host_memory_changed(host, frame_address(frame), FRAME_SIZE);
    frames_give_back(&host->frames, frame);
}

const t64_state *t64_host_state(t64_host *host) { return &host->hardware.state; }

uint64_t t64_host_real_time(t64_host *host) { return host->real_time; }

void t64_host_pass_time(t64_host *host, uint64_t ticks) { host->real_time += ticks; }

uint64_t t64_host_work(t64_host *host) { return host->work; }

int t64_host_allow(t64_host *host, uint64_t units)
{
    if (!units || units > WORK_LIMIT)
        return T64_ERROR_VALUE;
    host->allowance = units;
    return T64_OK;
}

uint64_t t64_host_memory(t64_host *host) { return host->hardware.phys.size; }

uint64_t t64_host_frames_free(t64_host *host) { return host->frames.free; }

uint64_t t64_host_frames_monitor(t64_host *host) { return host->frames.monitor; }

int t64_host_touched(t64_host *host, uint8_t *touched, uint64_t frames)
{
    const struct t64_phys *phys = &host->hardware.phys;
    if (frames != host->frames.total)
        return T64_ERROR_RANGE;
    if (!ram_touched(phys->ram, phys->ram_size, touched))
        return T64_ERROR_VALUE;
    for (u64 frame = 0; frame < frames; frame++)
        touched[frame] &= 1;
    return T64_OK;
}

int t64_host_read(t64_host *host, uint64_t hpa, uint8_t *buffer, uint64_t size)
{
    return phys_read(&host->hardware.phys, (t64_gpa){hpa}, buffer, size) ? T64_OK : T64_ERROR_RANGE;
}

t64_recompiler *t64_host_recompile(t64_host *host, const t64_recompiler_config *config) { return cpu_recompile(host->cpu, config); }
