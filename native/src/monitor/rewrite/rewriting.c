/* Rewriting: scanning, copying, and what stands in place of a sensitive instruction. */
#include "monitor/rewrite/rewriting.h"

#include "monitor/deprivileged/accesses.h"

#include <stdlib.h>

enum {
    HEAT_STEPPED = 6, /* so often a page was changed after a scan: from then on it is stepped */
    STEPS = 250,      /* instructions until it has cooled */
    HOT = 16,         /* faults of an access that is to be adapted */
    COOL = 8,         /* calls of an adapted one in a row that were not needed */
};

static void find_suspects(bool *suspects)
{
    static const struct {
        u32 match;
        u8 class;
    } rows[] = {
#define ROW(name, number, format, class, mask, match, low, high) {match, class},
        T64_INSTRUCTIONS(ROW)
#undef ROW
    };
    for (u32 i = 0; i < sizeof rows / sizeof *rows; i++)
        suspects[word_opcode(rows[i].match)] |= rows[i].class != CLASS_INNOCUOUS;
    suspects[T64_OPCODE_HCALL] = true;
}

bool rewriting_open(struct t64_guest *guest)
{
    struct rewriting *rewriting = guest->rewriting = calloc(1, sizeof *rewriting);
    if (!rewriting)
        return false;
    rewriting->pages = calloc(guest->pages, sizeof *rewriting->pages);
    rewriting->sites = calloc(SITES_MAXIMUM, sizeof *rewriting->sites);
    rewriting->free_site = SITES_MAXIMUM;
    find_suspects(rewriting->suspects);
    for (u32 page = 0; rewriting->pages && page < guest->pages; page++)
        rewriting->pages[page].copy[0] = rewriting->pages[page].copy[1] = FRAME_NONE;
    return rewriting->pages && rewriting->sites;
}

void rewriting_close(struct t64_guest *guest)
{
    if (!guest->rewriting)
        return;
    if (guest->rewriting->pages)
        rewritten_forget_all(guest);
    free(guest->rewriting->pages);
    free(guest->rewriting->sites);
    free(guest->rewriting);
}

/* What is sensitive, and what it becomes. */

bool rewritten_is_scanned(const struct t64_guest *guest, u32 mode)
{
    return mode == 0 || guest->vm.level == LEVEL_CLASSIC;
}

/* A load or store of the guest's own that the vCPU page would answer. */
static bool is_at_vcpu(struct t64_decoded in)
{
    return !in.rs1 && access_size(in) && (u64)(i64)in.imm >> PAGE_SHIFT == SHARED_PAGE_ADDRESS >> PAGE_SHIFT;
}

/* An hcall of the guest's own that would pass for a monitor call is one too. */
static bool is_sensitive(const struct t64_guest *guest, u32 word, u32 mode)
{
    if (!word_rs1(word) && mode == 0 && is_at_vcpu(decode(word)))
        return true;
    if (!guest->rewriting->suspects[word_opcode(word)])
        return false;
    struct t64_decoded in = decode(word);
    if (in.insn == INSN_HCALL)
        return ((u32)in.imm & 0xFFFFF) >= CALL_BASE;
    return class_of(in.insn) == CLASS_CRITICAL || (class_of(in.insn) == CLASS_PRIVILEGED && mode == 0);
}

/* A load or store of the vCPU page, reached from x0. */
static u32 vcpu_access(u8 insn, u8 rd, u32 cr)
{
    return encode((struct t64_decoded){.insn = insn, .rd = rd, .imm = (i32)(SHARED_PAGE_ADDRESS + 8 * cr)});
}

static bool is_plain_to_read(u32 cr) { return cr != CR_TIME && (system_place_of(cr) || cr == CR_IPEND || cr == CR_INFO); }

static bool is_plain_to_write(u32 cr) { return cr < 32 && VCPU_TAKES >> cr & 1; }

/* The instruction that does the same on the vCPU page, with no exit; 0 where there is none. */
static u32 in_place(struct t64_decoded in, u32 mode)
{
    if (mode != 0)
        return 0;
    switch (in.insn) {
    case INSN_CRR: return is_plain_to_read((u32)in.imm) ? vcpu_access(INSN_LD, in.rd, (u32)in.imm) : 0;
    case INSN_CRW: return is_plain_to_write((u32)in.imm) ? vcpu_access(INSN_SD, in.rs1, (u32)in.imm) : 0;
    case INSN_GETST: return vcpu_access(INSN_LD, in.rd, CR_STATUS);
    case INSN_GETVEC: return vcpu_access(INSN_LD, in.rd, CR_TVEC);
    case INSN_GETPT: return vcpu_access(INSN_LD, in.rd, CR_PTBR);
    case INSN_SETST: return in.rs1 ? 0 : vcpu_access(INSN_SB, 0, CR_STATUS); /* ie has the first byte for itself */
    default: return 0;
    }
}

/* Sites. */

/* SITES_MAXIMUM if there are too many. */
static u32 site_new(struct rewriting *rewriting, struct site site)
{
    u32 number = rewriting->free_site;
    if (number != SITES_MAXIMUM)
        rewriting->free_site = rewriting->sites[number].page;
    else if (rewriting->sites_used < SITES_MAXIMUM)
        number = rewriting->sites_used++;
    else
        return SITES_MAXIMUM;
    site.used = true;
    site.flushes = T64_NOWHERE;
    rewriting->sites[number] = site;
    rewriting->counts.adapted += site.adapted;
    rewriting->counts.calls += !site.adapted;
    return number;
}

static void site_free(struct rewriting *rewriting, struct site *site)
{
    rewriting->counts.adapted -= site->adapted;
    rewriting->counts.calls -= !site->adapted;
    *site = (struct site){.page = rewriting->free_site};
    rewriting->free_site = (u32)(site - rewriting->sites);
}

static struct site *site_in(const struct rewriting *rewriting, u32 word)
{
    u32 number = (word >> 12) - CALL_BASE;
    bool is_call = word_is_hcall(word) && word >> 12 >= CALL_BASE && number < SITES_MAXIMUM;
    return is_call && rewriting->sites[number].used ? &rewriting->sites[number] : NULL;
}

struct site *site_of_call(struct t64_guest *guest, u32 word)
{
    struct site *site = site_in(guest->rewriting, word);
    return site && site->mode == vm_in_user_mode(&guest->vm) ? site : NULL;
}

static u32 call_of(u32 site) { return encode((struct t64_decoded){.insn = INSN_HCALL, .imm = (i32)((CALL_BASE + site) << 12) >> 12}); }

/* Copies. */

static const u32 *words_of(struct t64_guest *guest, u32 frame)
{
    return (const u32 *)(const void *)frames_bytes(&guest->host->frames, frame);
}

static void store_word(struct t64_guest *guest, u32 frame, u32 index, u32 word)
{
    host_store(guest->host, (t64_hpa){frame_address(frame).at + 4 * index}, &word, sizeof word);
}

static bool has_hit(struct t64_guest *guest, u32 page, u32 mode)
{
    const u32 *words = words_of(guest, guest->frames[page]);
    for (u32 index = 0; index < PAGE_SIZE / 4; index++)
        if (is_sensitive(guest, words[index], mode))
            return true;
    return false;
}

static void drop_copy(struct t64_guest *guest, u32 page, u32 mode)
{
    struct rewriting *rewriting = guest->rewriting;
    struct rewritten_page *code = &rewriting->pages[page];
    u32 frame = code->copy[mode];
    const u32 *words = words_of(guest, frame);
    for (u32 index = 0; index < PAGE_SIZE / 4; index++) {
        struct site *site = site_in(rewriting, words[index]);
        if (site)
            site_free(rewriting, site);
    }
    host_give_back(guest->host, frame);
    code->copy[mode] = FRAME_NONE;
    rewriting->counts.in_place -= code->in_place[mode]; /* the original may have changed by now */
    code->in_place[mode] = 0;
    rewriting->counts.pages--;
    rewriting->counts.dropped++;
}

/* The word for the copy; false without a site for it. */
static bool replace(struct t64_guest *guest, struct site site, u32 *word)
{
    struct rewriting *rewriting = guest->rewriting;
    u32 plain = site.adapted ? 0 : in_place(site.original, site.mode);
    u32 number = plain ? 0 : site_new(rewriting, site);
    if (number == SITES_MAXIMUM)
        return false;
    rewriting->counts.in_place += plain != 0;
    rewriting->pages[site.page].in_place[site.mode] += plain != 0;
    *word = plain ? plain : call_of(number);
    return true;
}

/* False, and nothing is left of it, without a frame or sites. */
static bool make_copy(struct t64_guest *guest, u32 page, u32 mode)
{
    struct rewriting *rewriting = guest->rewriting;
    u32 frame = frames_take(&guest->host->frames, FRAME_MONITOR, page);
    if (frame == FRAME_NONE)
        return false;
    rewriting->pages[page].copy[mode] = frame;
    rewriting->counts.pages++;
    rewriting->counts.copied++;
    host_store(guest->host, frame_address(frame), words_of(guest, guest->frames[page]), PAGE_SIZE);
    const u32 *words = words_of(guest, frame);
    for (u32 index = 0; index < PAGE_SIZE / 4; index++) {
        if (!is_sensitive(guest, words[index], mode))
            continue;
        struct site site = {.original = decode(words[index]), .word = words[index], .page = page,
                            .index = (u16)index, .mode = (u8)mode};
        site.adapted = is_at_vcpu(site.original);
        u32 word;
        if (!replace(guest, site, &word)) {
            drop_copy(guest, page, mode);
            return false;
        }
        store_word(guest, frame, index, word);
    }
    return true;
}

static enum rewritten_state step_for_now(struct rewritten_page *code)
{
    code->steps = STEPS;
    return REWRITTEN_STEPPED;
}

static enum rewritten_state scan(struct t64_guest *guest, u32 page, u32 mode)
{
    struct rewritten_page *code = &guest->rewriting->pages[page];
    if (code->heat >= HEAT_STEPPED) {
        code->heat = HEAT_STEPPED / 2;
        return step_for_now(code);
    }
    if (!has_hit(guest, page, mode))
        return REWRITTEN_CLEAN;
    if (make_copy(guest, page, mode))
        return REWRITTEN_COPIED;
    rewritten_forget_all(guest); /* no frames or sites left: begin anew */
    return make_copy(guest, page, mode) ? REWRITTEN_COPIED : step_for_now(code);
}

enum rewritten_state rewritten_learn(struct t64_guest *guest, u32 page, u32 mode)
{
    u8 *state = &guest->rewriting->pages[page].state[mode];
    if (*state == REWRITTEN_UNKNOWN) {
        *state = (u8)scan(guest, page, mode);
        if (*state != REWRITTEN_STEPPED)
            shadow_restrict(&guest->shadow, page, SHADOW_MODES, PTE_R | PTE_X); /* stores come here from now on */
    }
    return *state;
}

static void forget_in_mode(struct t64_guest *guest, u32 page, u32 mode)
{
    struct rewritten_page *code = &guest->rewriting->pages[page];
    if (!state_is_known(code->state[mode]))
        return;
    /* The leaves of a copy go whole: its frame may become anything. */
    shadow_restrict(&guest->shadow, page, mode, code->state[mode] == REWRITTEN_COPIED ? 0 : PTE_R | PTE_W);
    if (code->state[mode] == REWRITTEN_COPIED)
        drop_copy(guest, page, mode);
    code->state[mode] = REWRITTEN_UNKNOWN;
}

void rewritten_forget(struct t64_guest *guest, u32 page)
{
    guest->rewriting->pages[page].heat += rewritten_is_known(guest, page);
    for (u32 mode = 0; mode < 2; mode++)
        forget_in_mode(guest, page, mode);
}

void rewritten_forget_all(struct t64_guest *guest)
{
    for (u32 page = 0; page < guest->pages; page++)
        for (u32 mode = 0; mode < 2; mode++)
            forget_in_mode(guest, page, mode);
}

/* Adapting. */

static void change_word(struct t64_guest *guest, const struct site *site, u32 word)
{
    store_word(guest, guest->rewriting->pages[site->page].copy[site->mode], site->index, word);
}

/* A page without a hit gets a copy for its own sake. */
static bool have_copy(struct t64_guest *guest, u32 page)
{
    u8 *state = &guest->rewriting->pages[page].state[0];
    if (*state == REWRITTEN_CLEAN && make_copy(guest, page, 0)) {
        shadow_restrict(&guest->shadow, page, 0, PTE_R);
        *state = REWRITTEN_COPIED;
    }
    return *state == REWRITTEN_COPIED;
}

static void adapt(struct t64_guest *guest, t64_gpa at, struct t64_decoded in)
{
    struct site site = {.original = in, .word = encode(in), .page = (u32)(at.at >> FRAME_SHIFT), .index = (at.at & 4095) / 4,
                        .adapted = true};
    u32 word;
    if (have_copy(guest, site.page) && replace(guest, site, &word))
        change_word(guest, &site, word);
}

void rewritten_note_fault(struct t64_guest *guest, t64_gpa at, struct t64_decoded in)
{
    struct faulting_access *access = &guest->rewriting->faulting[at.at / 4 % FAULTING_ACCESSES];
    if (access->at.at != at.at)
        *access = (struct faulting_access){.at = at};
    if (++access->count < HOT)
        return;
    access->count = 0;
    adapt(guest, at, in);
}

void rewritten_note_call(struct t64_guest *guest, struct site *site, bool needed)
{
    site->idle = needed || is_at_vcpu(site->original) ? 0 : site->idle + 1;
    if (site->idle < COOL)
        return;
    change_word(guest, site, site->word);
    site_free(guest->rewriting, site);
}

/* What the public header shows. */

static struct rewriting *rewriting_of(t64_vm *vm) { return guest_of(vm)->rewriting; }

int t64_guest_rewriting(t64_vm *vm, t64_rewriting *counts)
{
    if (!rewriting_of(vm))
        return T64_ERROR_VALUE;
    *counts = rewriting_of(vm)->counts;
    return T64_OK;
}

uint64_t t64_guest_copy(t64_vm *vm, uint32_t mode, uint64_t page)
{
    if (!rewriting_of(vm) || mode > 1 || page >= guest_of(vm)->pages)
        return T64_NOWHERE;
    u32 frame = rewriting_of(vm)->pages[page].copy[mode];
    return frame == FRAME_NONE ? T64_NOWHERE : frame_address(frame).at;
}
