/* Scrubbing: worlds that go on in the same way are made the same bytes. What is written here is what a key does not tell apart. */
#include "world.h"

#include "arena.h"
#include "engine/engine.h"
#include "monitor/assist/assist.h"
#include "monitor/rewrite/rewriting.h"

#include <string.h>

enum { SLOTS_AT_ONCE = 32 };

/* Both kinds of entry: a tag, and what it leads to. */
struct tlb_entry {
    u64 tag, leads_to;
};
_Static_assert(sizeof(struct tlb_entry) == sizeof(struct tlb_data) && sizeof(struct tlb_entry) == sizeof(struct tlb_fetch), "an entry is two words");
_Static_assert(sizeof(struct tlb) % (SLOTS_AT_ONCE * sizeof(struct tlb_entry)) == 0, "a TLB is made of such runs");

/* What is as in the marked world was scrubbed there. */
static void scrub_tlb(struct tlb *tlb)
{
    struct tlb_entry run[SLOTS_AT_ONCE];
    for (u8 *at = (u8 *)tlb; at < (u8 *)(tlb + 1); at += sizeof run) {
        if (!arena_differs(at, sizeof run))
            continue;
        memcpy(run, at, sizeof run);
        for (u32 n = 0; n < SLOTS_AT_ONCE; n++)
            run[n].leads_to = run[n].tag == TLB_NONE ? 0 : run[n].leads_to;
        memcpy(at, run, sizeof run);
    }
}

/* Extents are the recompiler's, which is not here: epochs mean nothing. */
static void scrub_engine(struct t64_cpu *cpu)
{
    if (!cpu)
        return;
    cpu->trap = (struct t64_trap){0};
    cpu->until = cpu->looks = cpu->flushes = cpu->tlbs.epoch = 0;
    for (u32 mode = 0; mode < 2; mode++)
        scrub_tlb(&cpu->tlbs.mode[mode]);
    for (u32 n = cpu->tlbs.filled_count; n < TLB_FILLED_MAX; n++)
        cpu->tlbs.filled[n] = NULL;
}

static void scrub_registers(struct t64_state *state)
{
    memset(state->x, 0, sizeof state->x);
    state->pc = state->retired = state->skipped = 0;
}

static void scrub_vm(struct t64_vm *vm)
{
    u64 passed = vm_time(vm);
    struct t64_disk_ring *ring = &vm->devices.rings.disk;
    ring->ready = disk_ring_works(ring) ? ring->ready - passed : 0;
    u64 *timecmp = &vm->state.timecmp; /* to be set anew before anything runs, where it stands elsewhere too */
    *timecmp -= *timecmp == T64_NOWHERE ? 0 : *timecmp < passed ? *timecmp : passed;
    scrub_registers(&vm->state);
    memset(vm->exits, 0, sizeof vm->exits);
    memset(vm->calls, 0, sizeof vm->calls);
    memset(vm->operands, 0, sizeof vm->operands);
    memset(vm->work, 0, sizeof vm->work);
    vm->exit = (struct t64_exit){0};
    if (!vm->devices.rings.progress.word)
        vm->devices.rings.progress = (struct t64_call_progress){0};
    memset(vm->devices.console.output, 0, sizeof vm->devices.console.output);
}

/* An adapted site trusts what it saw last while nothing was flushed since. */
static void scrub_rewriting(struct rewriting *rewriting, u64 flushes)
{
    for (u32 n = 0; n < rewriting->sites_used; n++)
        rewriting->sites[n].flushes = rewriting->sites[n].flushes == flushes ? 0 : T64_NOWHERE;
    rewriting->counts.copied = rewriting->counts.dropped = rewriting->counts.stepped = 0;
    rewriting->alarm = (struct t64_instant){0};
    rewriting->at = (struct t64_decoded){0};
    rewriting->called = 0;
}

/* The monitor never reads these, nor does any action. */
static void scrub_shared(struct t64_guest *guest)
{
    *domain_shared(guest, SHARED_TIME) = *domain_shared(guest, SHARED_REAL_TIME) = *domain_shared(guest, SHARED_WALL_TIME) = 0;
}

static void scrub_guest(struct t64_guest *guest)
{
    guest->until = guest->began = guest->seen = 0;
    guest->served = 0;
    guest->walk = (struct t64_walk){0};
    if (!guest->exit_waits && !guest->exit_comes_again)
        guest->exit = (struct exit_cause){0};
    if (guest->rewriting)
        scrub_rewriting(guest->rewriting, guest->host->cpu->flushes);
    if (guest->assist)
        guest->assist->area.exit = (struct guest_exit){0};
    if (guest->domain)
        scrub_shared(guest);
}

void scrub(struct world *world)
{
    struct t64_host *host = world->host;
    for (u32 n = 0; n < world->guest_count; n++) {
        if (!lives(world, world->guests[n]))
            continue;
        scrub_vm(world->guests[n]);
        scrub_guest(guest_of(world->guests[n]));
    }
    scrub_registers(&host->hardware.state);
    host->hardware.state.timecmp = T64_NOWHERE; /* set anew before anything runs */
    host->work = host->real_time = 0;
    host->cpu->own_code.epochs = 0;
    scrub_engine(host->cpu);
    scrub_engine(host->stepper);
    scrub_engine(host->kernels);
}
