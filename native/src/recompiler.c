/* Regions of recompiled code: which code asks for one, which there are, and when they are dropped. */
#include "recompiler.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "fusion.h"
#include "kinds.h"

/* Compiled code finds its way by these. */
_Static_assert(offsetof(struct region, reach) == 0 && offsetof(struct region, store) == 8 && offsetof(struct region, cross) == 16 &&
                   offsetof(struct region, jumped_from) == 24 && offsetof(struct region, present) == 32 &&
                   sizeof(struct region_site) == 16 && offsetof(struct region_site, addend) == 8,
               "the emitter's offsets");
_Static_assert(offsetof(struct t64_state, pc) == 33 * 8, "the emitter's offsets");

_Static_assert(T64_REQUEST_PAGES == sizeof((t64_request *)0)->pages / sizeof(t64_code_image) &&
                   T64_REGION_PAGES == sizeof((t64_offer *)0)->pages / sizeof(t64_code_image) &&
                   T64_REGION_ENTRIES == sizeof((t64_offer *)0)->entries / 8,
               "the header's numbers");

enum { COUNTERS = 4096, ENTRIES_MAX = 8192, ASKED = 1024, JUMPS = 256 };
/* Instructions. A look is after that many at most; those of a guest come with each exit. */
enum { LONGEST_LOOK = 1 << 20, TO_FORGIVE = 1 << 26 };
/* An entry is judged after what lies behind its region has had the time to become part of a larger one. */
enum { THRESHOLDS_TO_JUDGE = 2, LOSS_MAX = 1 << 18 };
enum { ENTERING = 12, REACHING = 16 }; /* what entering a region and finding a site take, in instructions of the interpreter */
/* Where the conversation stands, and so who owns request and offer: the caller while it is asked or taken, else the core. */
enum { SLOT_FREE, SLOT_ASKED, SLOT_TAKEN, SLOT_ANSWERED };

struct t64_recompiler {
    struct code_cache *cache;
    t64_recompiler_config config;
    t64_recompiler_counts counts;
    u16 counters[COUNTERS];
    u64 asked[ASKED];   /* places that were asked for lately */
    u64 useless[ASKED]; /* places where entering a region does not pay */
    region_code *useless_code[ASKED]; /* and that region's code */
    u64 retired, passed; /* as of the last look; since something was forgiven, about */
    bool lost; /* something was dropped since asked was cleared */
    bool is_waiting; /* for an answer: until then nothing is counted, as it could not be asked for */
    const struct code_entry *settled[ASKED]; /* entries that need not be counted again */
    t64_jump jumps[JUMPS];
    struct region *regions[REGIONS_MAX];
    u32 region_count;
    struct region_entry entries[ENTRIES_MAX]; /* [0] stays free: an index of 0 means none */
    u32 entry_hand;
    atomic_int slot;
    t64_request request;
    t64_offer offer;
};

struct t64_recompiler *recompiler_new(struct code_cache *cache, const t64_recompiler_config *config)
{
    struct t64_recompiler *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->cache = cache;
    r->config = *config;
    r->counts.bytes = sizeof *r;
    return r;
}

void recompiler_close(struct t64_recompiler *r)
{
    if (!r)
        return;
    for (u32 n = 0; n < r->region_count; n++)
        free(r->regions[n]);
    free(r);
}

/* ---- regions ---- */

static bool any_bit(const u64 *bits, u32 from, u32 to)
{
    for (u32 n = from; n < to; n++)
        if (bits[n / 64] >> (n % 64) & 1)
            return true;
    return false;
}

bool recompiler_covers(const struct code_page *page, u32 from, u32 to)
{
    return page->compiled && any_bit(page->compiled->words, from, to);
}

/* The entry is its own again: it, and those before it that could take it into their group, are grouped anew when they are executed
 * next. */
static void let_go(const struct code_cache *cache, struct code_entry *entry, u32 index)
{
    entry->handler = cache->handlers[KIND_UNDECODED];
    for (u32 n = 1; n <= index && n < GROUP_MAX; n++)
        if (entry[-(i32)n].handler == cache->handlers[entry[-(i32)n].kind] || is_fused(cache->handlers, &entry[-(i32)n]))
            entry[-(i32)n].handler = cache->handlers[KIND_UNDECODED];
}

static void remove_entry(struct t64_recompiler *r, struct region_entry *entry)
{
    for (u32 n = 0; n < entry->region->page_count; n++) {
        struct code_page *page = (struct code_page *)entry->region->pages[n];
        if (entry->region->gva[n] != (entry->gva & ~(u64)4095))
            continue;
        u32 at = (entry->gva & 4095) >> 2;
        struct code_entry *decoded = &page->entries[at];
        if (decoded->handler == r->cache->handlers[KIND_RECOMPILED])
            let_go(r->cache, decoded, at);
        page->compiled->entry[at] = 0;
    }
    entry->region->entry_count--;
    *entry = (struct region_entry){0};
}

/* The words of the page that regions were made from, anew. */
static void recount_words(struct t64_recompiler *r, const struct code_page *page)
{
    memset(page->compiled->words, 0, sizeof page->compiled->words);
    for (u32 n = 0; n < r->region_count; n++)
        for (u32 k = 0; k < r->regions[n]->page_count; k++)
            for (u32 w = 0; r->regions[n]->pages[k] == page && w < CODE_ENTRIES / 64; w++)
                page->compiled->words[w] |= r->regions[n]->words[k][w];
}

/* What is lost may be asked for again: not at once, or code that changes all the time would be compiled all the time. */
static void ask_again(struct t64_recompiler *r)
{
    memset(r->asked, 0, sizeof r->asked);
    memset(r->settled, 0, sizeof r->settled);
    r->lost = false;
    r->passed = 0;
}

static u64 size_for(u32 sites) { return sizeof(struct region) + sites * (sizeof(u64) + sizeof(struct region_site)); }
static u64 size_of(const struct region *region) { return size_for(region->site_count); }

static void drop(struct t64_recompiler *r, u32 number)
{
    struct region *region = r->regions[number];
    for (u32 n = 1; region->entry_count && n < ENTRIES_MAX; n++)
        if (r->entries[n].region == region)
            remove_entry(r, &r->entries[n]);
    r->regions[number] = r->regions[--r->region_count];
    for (u32 n = 0; n < region->page_count; n++)
        recount_words(r, region->pages[n]);
    r->counts.bytes -= size_of(region);
    r->counts.dropped++;
    free(region);
    r->lost = true;
    if (r->config.eager)
        ask_again(r);
}

static bool is_made_from(const struct region *region, const struct code_page *page, u32 from, u32 to)
{
    for (u32 n = 0; n < region->page_count; n++)
        if (region->pages[n] == page && any_bit(region->words[n], from, to))
            return true;
    return false;
}

void recompiler_forget(struct code_cache *cache, struct code_page *page, u32 from, u32 to)
{
    struct t64_recompiler *r = cache->recompiler;
    if (!any_bit(page->compiled->words, from, to))
        return;
    for (u32 n = r->region_count; n-- > 0;)
        if (is_made_from(r->regions[n], page, from, to))
            drop(r, n);
}

struct region_entry *recompiler_entry(const struct code_cache *cache, const struct code_page *page, u64 pc, bool user)
{
    struct region_entry *entry = &cache->recompiler->entries[page->compiled->entry[(pc & 4095) >> 2]];
    return entry->gva == pc && entry->user == user ? entry : NULL;
}

/* ---- requests ---- */

static u32 counter_of(u64 pc, u32 count) { return (u32)((pc >> 2) * 0x9e3779b1u >> 7) % count; }

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

static void take_offer(struct t64_cpu *cpu);

static void remember_jump(struct t64_recompiler *r, u64 source, u64 target)
{
    if (!(target & 3))
        r->jumps[counter_of(source ^ target * 31, JUMPS)] = (t64_jump){source, target};
}

static void add_jumps(t64_request *request, const struct t64_recompiler *r)
{
    request->jump_count = 0;
    for (u32 n = 0; n < JUMPS; n++)
        if (r->jumps[n].source)
            request->jumps[request->jump_count++] = r->jumps[n];
}

static void wait_for_answer(const struct t64_recompiler *r)
{
    char byte;
    while (read(r->config.done_fd, &byte, 1) < 0)
        ;
}

static u64 name_of(u64 pc, bool user) { return pc | user; }

static bool is_useless(const struct t64_recompiler *r, u64 pc, bool user)
{
    return r->useless[counter_of(pc, ASKED)] == name_of(pc, user);
}

static bool has_entry(const struct t64_cpu *cpu, u64 pc, bool user)
{
    const struct tlb_fetch *fetch = &cpu->tlbs.mode[user].fetch[tlb_slot(pc)];
    return fetch->tag == (pc & ~(u64)4095) && fetch->page->compiled && recompiler_entry(cpu->code, fetch->page, pc, user);
}

static void pause_counting(struct t64_recompiler *r);

enum answer { NOT_NOW, ASKED_FOR, KNOWN }; /* KNOWN: there is a region, or asking again is no use */

static enum answer ask_for(struct t64_cpu *cpu, u64 pc, bool user, bool stuck)
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
        pause_counting(r);
    }
    return ASKED_FOR;
}

/* One more at this place; is it time to ask? */
static bool is_time(struct t64_recompiler *r, u64 pc)
{
    u16 *counter = &r->counters[counter_of(pc, COUNTERS)];
    if (++*counter < r->config.threshold)
        return false;
    *counter = 0;
    return true;
}

void recompiler_left(struct t64_cpu *cpu, u64 pc, bool stuck)
{
    if (is_time(cpu->code->recompiler, pc))
        ask_for(cpu, pc, vm_in_user_mode(cpu->vm), stuck);
}

static bool is_innocuous(u8 kind)
{
    return kind < INSN_COUNT && kind != INSN_ILLEGAL && class_of(kind) == CLASS_INNOCUOUS && kind != INSN_HCALL &&
           kind != INSN_SYSCALL && kind != INSN_BREAK;
}

static bool is_far(u8 kind) { return kind >= KIND_JAL_FAR && kind <= KIND_BGEU_FAR; }
static bool is_near_branch(u8 kind) { return kind >= INSN_BEQ && kind <= INSN_BGEU; }

/* Is this entry to be counted, as long as any is? */
static bool is_for_counting(const struct t64_recompiler *r, const struct code_entry *entry)
{
    u8 kind = entry->kind;
    if (r->config.eager)
        return is_innocuous(kind) || is_far(kind);
    if (is_near_branch(kind) || is_far(kind))
        return entry->imm < 0 || kind == KIND_JAL_FAR;
    return kind == INSN_JAL || kind == INSN_JALR || kind == INSN_SYSCALL ||
           (kind < INSN_COUNT && kind != INSN_ILLEGAL && class_of(kind) != CLASS_INNOCUOUS);
}

static const struct code_entry **settled_slot(struct t64_recompiler *r, const struct code_entry *entry)
{
    return &r->settled[counter_of((u64)(uintptr_t)entry >> 2, ASKED)];
}

void recompiler_watch(struct t64_cpu *cpu, struct code_entry *entry)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    if (!is_for_counting(r, entry))
        return;
    if (*settled_slot(r, entry) == entry) /* there was another instruction then */
        *settled_slot(r, entry) = NULL;
    if (!r->is_waiting)
        entry->handler = cpu->handlers[KIND_COUNTED];
}

/* Counting costs a tenth and more, and an answer may take as long as a hundred million instructions. */
static void pause_counting(struct t64_recompiler *r)
{
    r->is_waiting = true;
    for (u32 p = 0; p < r->cache->used; p++)
        for (u32 n = 0; n < CODE_ENTRIES; n++)
            if (r->cache->pages[p]->entries[n].handler == r->cache->handlers[KIND_COUNTED])
                let_go(r->cache, &r->cache->pages[p]->entries[n], n);
}

static void resume_counting(struct t64_recompiler *r)
{
    r->is_waiting = false;
    for (u32 p = 0; p < r->cache->used; p++)
        for (u32 n = 0; n < CODE_ENTRIES; n++) {
            struct code_entry *entry = &r->cache->pages[p]->entries[n];
            if (entry->handler == r->cache->handlers[KIND_RECOMPILED] || !is_for_counting(r, entry) || *settled_slot(r, entry) == entry)
                continue;
            code_ungroup(r->cache, r->cache->pages[p], n);
            entry->handler = r->cache->handlers[KIND_COUNTED];
        }
}

/* Where the entry at pc, which is counted, leads to. */
static u64 target_of(const struct t64_cpu *cpu, const struct code_entry *entry, u64 pc)
{
    const struct t64_state *state = &cpu->vm->state;
    if (cpu->code->recompiler->config.eager)
        return pc;
    if (is_far(entry->kind))
        return pc + (u64)(i64)entry->imm;
    if (is_near_branch(entry->kind) || entry->kind == INSN_JAL)
        return pc + (u64)(i64)(near_offset(entry) * 4);
    if (entry->kind == INSN_JALR)
        return (state->x[entry->rs1] + (u64)(i64)entry->imm) & ~(u64)1;
    if (cpu->use == CPU_HOSTED) /* the monitor takes it, and comes back behind it */
        return pc + 4;
    if (entry->kind == INSN_SYSCALL)
        return state->tvec;
    return entry->kind == INSN_ERET ? state->epc : pc + 4;
}

/* Is the target in user mode? */
static bool mode_behind(const struct t64_cpu *cpu, const struct code_entry *entry)
{
    bool user = vm_in_user_mode(cpu->vm);
    if (cpu->use == CPU_HOSTED || cpu->code->recompiler->config.eager)
        return user;
    if (entry->kind == INSN_ERET)
        return cpu->vm->state.status & STATUS_PMODE;
    return user && entry->kind != INSN_SYSCALL;
}

void recompiler_count(struct t64_cpu *cpu, struct code_entry *entry, u64 pc)
{
    if (entry->kind == INSN_JALR)
        remember_jump(cpu->code->recompiler, pc, target_of(cpu, entry, pc));
    if (!is_time(cpu->code->recompiler, pc))
        return;
    enum answer answer = ask_for(cpu, target_of(cpu, entry, pc), mode_behind(cpu, entry), false);
    bool goes_on = answer == NOT_NOW || (answer == ASKED_FOR && (entry->kind == INSN_JALR || entry->kind == INSN_ERET));
    if (!goes_on)
        *settled_slot(cpu->code->recompiler, entry) = entry;
    if (entry->handler == cpu->handlers[KIND_COUNTED] && (!goes_on || cpu->code->recompiler->config.eager))
        let_go(cpu->code, entry, (u32)(pc & 4095) >> 2);
}

/* ---- offers ---- */

static bool is_up_to_date(const struct t64_cpu *cpu, const t64_code_image *image)
{
    const u8 *bytes = cpu->vm->phys.ram + (image->frame << 12);
    for (u32 n = 0; n < CODE_ENTRIES; n++)
        if (image->marked[n / 64] >> (n % 64) & 1 && memcmp(bytes + n * 4, &image->words[n], 4))
            return false;
    return true;
}

static bool has_page(struct t64_cpu *cpu, const t64_code_image *image)
{
    struct code_page *page = code_of(cpu->code, image->frame);
    if (!page || !is_up_to_date(cpu, image))
        return false;
    if (!page->compiled)
        page->compiled = calloc(1, sizeof *page->compiled);
    return page->compiled;
}

static bool is_present(struct t64_cpu *cpu, struct region *region, u64 page)
{
    const struct tlb_fetch *entry = &cpu->tlbs.mode[vm_in_user_mode(cpu->vm)].fetch[tlb_slot(region->gva[page])];
    region->present[page] = entry->tag == region->gva[page] && entry->page == region->pages[page];
    return region->present[page];
}

static struct region *new_region(struct t64_cpu *cpu, const t64_offer *offer)
{
    for (u32 n = 0; n < offer->page_count; n++)
        if (!has_page(cpu, &offer->pages[n]))
            return NULL;
    struct region *region = calloc(1, size_for(offer->site_count));
    if (!region)
        return NULL;
    region->reach = access_reach_quietly;
    region->store = access_store_quietly;
    region->cross = is_present;
    region->page_count = offer->page_count;
    region->site_count = offer->site_count;
    region->sites = (struct region_site *)&region->counts[offer->site_count];
    for (u32 n = 0; n < offer->page_count; n++) {
        struct code_page *page = code_of(cpu->code, offer->pages[n].frame);
        region->pages[n] = page;
        region->gva[n] = offer->pages[n].gva;
        memcpy(region->words[n], offer->pages[n].marked, sizeof region->words[n]);
        for (u32 w = 0; w < CODE_ENTRIES / 64; w++)
            page->compiled->words[w] |= region->words[n][w];
    }
    return region;
}

static u32 free_entry(struct t64_recompiler *r)
{
    for (u32 n = 1; n < ENTRIES_MAX; n++) {
        r->entry_hand = r->entry_hand % (ENTRIES_MAX - 1) + 1;
        if (!r->entries[r->entry_hand].region)
            return r->entry_hand;
    }
    return 0;
}

static struct code_page *page_of(const struct region *region, u64 gva)
{
    for (u32 n = 0; n < region->page_count; n++)
        if (region->gva[n] == (gva & ~(u64)4095))
            return (struct code_page *)region->pages[n];
    return NULL;
}

static void add_entry(struct t64_cpu *cpu, struct region *region, const t64_offer *offer, u32 index)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    u64 gva = offer->entries[index];
    struct code_page *page = page_of(region, gva);
    if (!page)
        return;
    if (is_useless(r, gva, offer->user)) { /* for another region it may pay */
        if (r->useless_code[counter_of(gva, ASKED)] == (region_code *)(uintptr_t)offer->code)
            return;
        r->useless[counter_of(gva, ASKED)] = 0;
    }
    u32 at = (gva & 4095) >> 2, number = page->compiled->entry[at];
    if (number)
        remove_entry(r, &r->entries[number]);
    number = free_entry(r);
    if (!number)
        return;
    r->entries[number] = (struct region_entry){.code = (region_code *)(uintptr_t)offer->code, .region = region, .gva = gva,
                                               .need = offer->needs[index], .index = (u16)index, .user = (u8)offer->user};
    region->entry_count++;
    page->compiled->entry[at] = (u16)number;
    if (page->entries[at].kind == KIND_UNDECODED)
        predecode(cpu, page, &page->entries[at]);
    page->entries[at].handler = cpu->handlers[KIND_RECOMPILED];
}

static void drop_useless(struct t64_recompiler *r)
{
    for (u32 n = r->region_count; n-- > 0;)
        if (!r->regions[n]->entry_count)
            drop(r, n);
}

static void drop_all(struct t64_recompiler *r)
{
    while (r->region_count)
        drop(r, r->region_count - 1);
    for (u32 n = 0; n < r->cache->used; n++) /* so that jumps are counted again */
        code_changed(r->cache, (t64_hpa){r->cache->pages[n]->frame << 12}, 4096);
}

static void install(struct t64_cpu *cpu, const t64_offer *offer)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    if (!offer->code) {
        drop_all(r);
        return;
    }
    struct region *region = r->region_count < REGIONS_MAX ? new_region(cpu, offer) : NULL;
    if (!region) {
        r->counts.refused++;
        return;
    }
    r->regions[r->region_count++] = region;
    r->counts.bytes += size_of(region);
    r->counts.installed++;
    for (u32 n = 0; n < offer->entry_count; n++)
        add_entry(cpu, region, offer, n);
    drop_useless(r);
}

static void take_offer(struct t64_cpu *cpu)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    int slot = atomic_load_explicit(&r->slot, memory_order_acquire);
    if (slot == SLOT_ANSWERED) {
        install(cpu, &r->offer);
        slot = SLOT_FREE;
        atomic_store_explicit(&r->slot, SLOT_FREE, memory_order_relaxed); /* the caller looks for SLOT_ASKED alone */
    }
    if (slot == SLOT_FREE && r->is_waiting)
        resume_counting(r);
}

void recompiler_look(struct t64_cpu *cpu)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    u64 passed = cpu->vm->state.retired - r->retired; /* of another computer's, if that ran last */
    r->retired = cpu->vm->state.retired;
    r->passed += passed < LONGEST_LOOK ? passed : LONGEST_LOOK;
    if (r->passed >= TO_FORGIVE && r->lost)
        ask_again(r);
    take_offer(cpu);
    if (cpu->use == CPU_HOSTED && !r->config.eager) /* entered anew after each exit */
        recompiler_left(cpu, cpu->vm->state.pc, false);
}

/* Where translations are forgotten all the time, or few instructions follow, compiled code does not pay. */
static void judge(struct t64_recompiler *r, struct region_entry *entry)
{
    if (entry->spared < 0) {
        u32 place = counter_of(entry->gva, ASKED);
        r->useless[place] = name_of(entry->gva, entry->user);
        r->useless_code[place] = entry->code;
        remove_entry(r, entry);
        return;
    }
    entry->runs = 0;
    entry->spared = 0;
}

/* Translations are not what they were. */
static void begin_epoch(struct region *region, u64 epoch)
{
    memset(region->counts, 0, region->site_count * sizeof region->counts[0]);
    memset(region->present, 0, sizeof region->present);
    region->epoch = epoch;
}

u64 recompiler_enter(struct t64_cpu *cpu, struct region_entry *entry, u64 left)
{
    struct t64_recompiler *r = cpu->code->recompiler;
    struct region *region = entry->region;
    struct t64_state *state = &cpu->vm->state;
    if (T64_UNLIKELY(region->epoch != cpu->tlbs.epoch))
        begin_epoch(region, cpu->tlbs.epoch);
    region->jumped_from = 0;
    u32 misses = region->misses;
    u64 rest = entry->code(state->x, cpu, left, region, region->sites, entry->index);
    if (region->jumped_from)
        remember_jump(r, region->jumped_from, state->pc);
    u64 retired = left - (rest & ~REGION_STUCK);
    entry->spared += (i64)retired - ENTERING - REACHING * (i64)(region->misses - misses);
    r->counts.retired += retired;
    r->counts.entered++;
    if ((++entry->runs == THRESHOLDS_TO_JUDGE * r->config.threshold || entry->spared < -LOSS_MAX) && !r->config.eager)
        judge(r, entry);
    return rest;
}

bool recompiler_run(struct t64_cpu *cpu, struct code_page *page, u64 left)
{
    struct t64_state *state = &cpu->vm->state;
    bool user = vm_in_user_mode(cpu->vm);
    struct code_entry *decoded = &page->entries[(state->pc & 4095) >> 2];
    if (cpu->code->recompiler->config.eager && decoded->kind == KIND_UNDECODED)
        predecode(cpu, page, decoded);
    if (decoded->handler == cpu->handlers[KIND_COUNTED])
        recompiler_count(cpu, decoded, state->pc);
    if (decoded->handler != cpu->handlers[KIND_RECOMPILED])
        return false;
    struct region_entry *entry = recompiler_entry(cpu->code, page, state->pc, user);
    if (!entry || left < entry->need)
        return false;
    u64 rest = recompiler_enter(cpu, entry, left) & ~REGION_STUCK;
    if (rest == left)
        return false; /* nothing retired: what stands there is for the interpreter */
    state->retired += left - rest;
    state->fresh = 0;
    return true;
}

/* ---- the caller's side ---- */

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

void t64_recompiler_read_counts(t64_recompiler *r, t64_recompiler_counts *counts)
{
    *counts = r->counts;
    counts->live = r->region_count;
}
