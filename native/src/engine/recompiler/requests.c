/* Requests: what is asked for, from whom, and when the answer is taken. */
#include <string.h>
#include <unistd.h>

#include "engine/code/entry_kinds.h"
#include "engine/engine.h"
#include "engine/recompiler/internal.h"

_Static_assert(T64_REQUEST_PAGES == sizeof((t64_request *)0)->pages / sizeof(t64_code_image), "the header's number");

/* Instructions. A look is after that many at most; those of a guest come with each exit. */
enum { LONGEST_LOOK = 1 << 20, TO_FORGIVE = 1 << 26 };
/* Where the conversation stands, and so who owns request and offer: the caller while it is asked or taken, else the core. */
enum { SLOT_FREE, SLOT_ASKED, SLOT_TAKEN, SLOT_ANSWERED };

static bool add_page(t64_request *request, const struct t64_vm *vm, u64 gva, const struct code_page *page)
{
    t64_code_image *image = &request->pages[request->page_count++];
    image->gva = gva;
    image->frame = page->frame;
    memset(image->marked, 0, sizeof image->marked);
    for (u32 n = 0; n < CODE_ENTRIES; n++)
        image->marked[n / 64] |= (u64)(page->entries[n].kind != KIND_UNDECODED) << (n % 64);
    memcpy(image->words, vm->phys.ram + (page->frame << 12), sizeof image->words);
    return request->page_count < T64_REQUEST_PAGES;
}

/* The page of pc, then others that are executed from, the nearest first. False: that of pc is none of them. */
static bool add_pages(t64_request *request, const struct t64_cpu *cpu, u64 pc, bool user)
{
    const struct tlb_fetch *fetch = cpu->tlbs.mode[user].fetch;
    u32 first = tlb_slot(pc);
    if (fetch[first].tag != (pc & ~(u64)4095))
        return false;
    request->page_count = 0;
    add_page(request, cpu->vm, fetch[first].tag, fetch[first].page);
    for (u32 distance = 1; distance <= TLB_SIZE / 2; distance++)
        for (int side = 0; side < 2; side++) {
            const struct tlb_fetch *entry = &fetch[(side ? first - distance : first + distance) % TLB_SIZE];
            if (entry->tag != TLB_NONE && (side || distance < TLB_SIZE / 2) &&
                !add_page(request, cpu->vm, entry->tag, entry->page))
                return true;
        }
    return true;
}

static void add_jumps(t64_request *request, const struct t64_recompiler *r)
{
    request->jump_count = 0;
    for (u32 n = 0; n < JUMPS; n++)
        if (r->jumps[n].source)
            request->jumps[request->jump_count++] = r->jumps[n];
}

static void take_offer(struct t64_cpu *cpu)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    int slot = atomic_load_explicit(&r->slot, memory_order_acquire);
    if (slot == SLOT_ANSWERED) {
        recompiler_install(cpu, &r->offer);
        slot = SLOT_FREE;
        atomic_store_explicit(&r->slot, SLOT_FREE, memory_order_relaxed); /* the caller looks for SLOT_ASKED alone */
    }
    if (slot == SLOT_FREE && r->is_waiting)
        recompiler_resume_counting(r);
}

static void wait_for_answer(const struct t64_recompiler *r)
{
    char byte;
    while (read(r->config.done_fd, &byte, 1) < 0)
        ;
}

static bool has_entry(const struct t64_cpu *cpu, u64 pc, bool user)
{
    const struct tlb_fetch *fetch = &cpu->tlbs.mode[user].fetch[tlb_slot(pc)];
    return fetch->tag == (pc & ~(u64)4095) && fetch->page->compiled && recompiler_entry(cpu->code, fetch->page, pc, user);
}

enum answer recompiler_ask_for(struct t64_cpu *cpu, u64 pc, bool user, bool stuck)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    u64 *asked = &r->asked[counter_of(pc, ASKED)], name = name_of(pc, user) | (u64)stuck << 1;
    take_offer(cpu); /* or what is on its way would be asked for once more */
    if (pc & 3 || *asked == name || is_useless(r, pc, user) || (!stuck && has_entry(cpu, pc, user)))
        return KNOWN;
    if (atomic_load_explicit(&r->slot, memory_order_acquire) != SLOT_FREE || !add_pages(&r->request, cpu, pc, user))
        return NOT_NOW;
    *asked = name;
    r->request.gva = pc;
    r->request.user = user;
    r->request.stuck = stuck;
    add_jumps(&r->request, r);
    r->counts.requests++;
    atomic_store_explicit(&r->slot, SLOT_ASKED, memory_order_release);
    if (write(r->config.wake_fd, "", 1) == 1 && r->config.done_fd >= 0) {
        wait_for_answer(r);
        take_offer(cpu);
    } else if (!r->config.eager) {
        recompiler_pause_counting(r);
    }
    return ASKED_FOR;
}

void recompiler_ask_again(struct t64_recompiler *r)
{
    memset(r->asked, 0, sizeof r->asked);
    memset(r->settled, 0, sizeof r->settled);
    r->lost = false;
    r->passed = 0;
}

void recompiler_look(struct t64_cpu *cpu)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    u64 passed = cpu->vm->state.retired - r->retired; /* of another computer's, if that ran last */
    r->retired = cpu->vm->state.retired;
    r->passed += passed < LONGEST_LOOK ? passed : LONGEST_LOOK;
    if (r->passed >= TO_FORGIVE && r->lost)
        recompiler_ask_again(r);
    take_offer(cpu);
    if (cpu->use == CPU_HOSTED && !r->config.eager) /* entered anew after each exit */
        recompiler_left(cpu, cpu->vm->state.pc, false);
}

uint32_t t64_recompiler_take(t64_recompiler *r, t64_request *request)
{
    if (atomic_load_explicit(&r->slot, memory_order_acquire) != SLOT_ASKED)
        return 0;
    memcpy(request, &r->request, offsetof(t64_request, pages) + r->request.page_count * sizeof r->request.pages[0]);
    atomic_store_explicit(&r->slot, SLOT_TAKEN, memory_order_relaxed);
    return 1;
}

void t64_recompiler_answer(t64_recompiler *r, const t64_offer *offer)
{
    if (offer)
        memcpy(&r->offer, offer, offsetof(t64_offer, pages) + offer->page_count * sizeof offer->pages[0]);
    atomic_store_explicit(&r->slot, offer ? SLOT_ANSWERED : SLOT_FREE, memory_order_release);
}
