/* Corners where the monitors have hung, or differed from the bare machine: small guests, one for each. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/recompiler/internal.h"
#include "monitor/domain/domain.h"
#include "monitor/guest/guest.h"
#include "assemble.h"

enum { MEMORY = 0x10000, HOST_MEMORY = 0x100000, CODE = 0x1000, HANDLER = 0x2000 };

static t64_vm *new_guest(t64_host *host, u32 technique, u32 options)
{
    t64_config config = {.memory = MEMORY, .disk_latency = 50, .options = options};
    require(host, "there is memory for a host");
    t64_vm *guest = t64_guest_new(host, technique, &config);
    require(guest, "the host has room for a guest");
    return guest;
}

static void free_with_host(t64_vm *guest)
{
    t64_host *host = guest_of(guest)->host;
    t64_vm_free(guest);
    t64_host_free(host);
}

/* Waits by a jump to itself, in whose course time starts again from 0, for a disk. */
static void spin_over_the_end_of_time(u32 technique, u32 options)
{
    static u8 disk[SECTOR_SIZE];
    const u32 words[] = {word_i(INSN_OUT, 0, T0, PORT_DISK_COMMAND), word_i(INSN_JAL, 0, 0, 0)};
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_ASSIST), technique, options);
    t64_vm_disk(vm, disk, 1, true);
    place(vm, CODE, words, 2);
    t64_vm_boot(vm, CODE);
    vm->state.x[T0] = 1;
    vm->state.skipped = T64_NOWHERE - 20;
    t64_vm_set_cr(vm, CR_TVEC, HANDLER);
    t64_vm_set_cr(vm, CR_IMASK, IPEND_DISK);
    t64_vm_set_cr(vm, CR_STATUS, STATUS_IE);
    require(t64_vm_run(vm, 51) == T64_STOP_LIMIT, "a spin goes on over the end of time");
    require(vm->state.pc == CODE + 4 && vm->state.retired == 51, "up to the limit");
    t64_vm_run(vm, 52);
    require(vm->state.epc == CODE + 4 && vm->state.cause >> 63, "and the disk ends it");
    free_with_host(vm);
}

/* A timer set to the last tick that there is. */
static void timer_at_the_very_last_tick(t64_vm *vm)
{
    enum { TICKS = 20 };
    for (u32 n = 0; n <= TICKS; n++) {
        const u32 word = word_i(INSN_ADDI, T1, T1, 1);
        place(vm, CODE + 4 * n, &word, 1);
        place(vm, HANDLER + 4 * n, &word, 1);
    }
    t64_vm_boot(vm, CODE);
    vm->state.skipped = T64_NOWHERE - TICKS;
    t64_vm_set_cr(vm, CR_TVEC, HANDLER);
    t64_vm_set_cr(vm, CR_IMASK, IPEND_TIMER);
    t64_vm_set_cr(vm, CR_TIMECMP, T64_NOWHERE);
    t64_vm_set_cr(vm, CR_STATUS, STATUS_IE);
    require(t64_vm_run(vm, TICKS + 1) == T64_STOP_LIMIT, "it runs over the end of time");
    require(vm->state.epc == CODE + 4 * TICKS && vm->state.cause == CAUSE_TIMER, "the timer goes off there");
}

static void timer_of_a_guest_at_the_very_last_tick(u32 technique)
{
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_ASSIST), technique, 0);
    timer_at_the_very_last_tick(vm);
    free_with_host(vm);
}

/* Code that is written to after it was rewritten. */
static void counts_of_what_is_rewritten(void)
{
    const u32 words[] = {word_i(INSN_CRR, T0, 0, CR_INFO), word_i(INSN_ADDI, T1, T1, 1), word_i(INSN_ADDI, T1, T1, 2)};
    t64_rewriting counts;
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_STRICT), T64_REWRITE, 0);
    place(vm, CODE, words, 3);
    t64_vm_boot(vm, CODE);
    t64_vm_run(vm, 2);
    t64_guest_rewriting(vm, &counts);
    require(counts.pages == 1 && counts.in_place == 1, "a word was rewritten in place");
    place(vm, CODE + 8, words, 1);
    t64_guest_rewriting(vm, &counts);
    require(counts.pages == 0 && counts.in_place == 0, "and is no more");
    free_with_host(vm);
}

static u32 take_all_frames(t64_host *host)
{
    u32 taken = 0;
    while (host_take_frame(host) != FRAME_NONE)
        taken++;
    return taken;
}

/* Code that wants a copy, on a host with no frame left for one. */
static void rewrite_without_a_frame(void)
{
    const u32 words[] = {word_i(INSN_CRR, T0, 0, CR_INFO), word_i(INSN_ADDI, T1, T1, 1), word_i(INSN_JAL, 0, 0, -2)};
    t64_host *host = t64_host_new(HOST_MEMORY, LEVEL_STRICT);
    t64_vm *vm = new_guest(host, T64_REWRITE, 0);
    place(vm, CODE, words, 3);
    t64_vm_boot(vm, CODE);
    take_all_frames(host);
    require(t64_vm_run(vm, 3000) == T64_STOP_LIMIT && vm->state.x[T1] == 1000, "without a frame for a copy the code is stepped");
    free_with_host(vm);
}

/* More pages that want a copy, one after the other, than frames for them: all begin anew, rather than step for ever. */
static void rewrite_with_few_frames(void)
{
    enum { PAGES = 6, LEFT = 3, STEPS = 3000 };
    const u32 words[] = {word_i(INSN_CRR, T0, 0, CR_INFO), word_i(INSN_ADDI, T1, T1, 1), word_i(INSN_JAL, 0, 0, -2)};
    t64_host *host = t64_host_new(HOST_MEMORY, LEVEL_STRICT);
    t64_rewriting counts;
    t64_vm *vm = new_guest(host, T64_REWRITE, 0);
    for (u32 n = 0; n < PAGES; n++)
        place(vm, CODE + n * PAGE_SIZE, words, 3);
    t64_vm_boot(vm, CODE);
    t64_vm_run(vm, 0);
    while (host->frames.free > LEFT)
        host_take_frame(host);
    for (u32 n = 0; n < PAGES; n++) {
        vm->state.pc = CODE + n * PAGE_SIZE;
        require(t64_vm_run(vm, (n + 1) * STEPS) == T64_STOP_LIMIT, "each page runs");
    }
    t64_guest_rewriting(vm, &counts);
    require(vm->state.x[T1] == PAGES * STEPS / 3, "as it should");
    require(counts.copied == PAGES && !counts.stepped, "as a copy, for which others were given up");
    require(counts.pages == LEFT && counts.dropped == PAGES - LEFT, "which are gone");
    free_with_host(vm);
}

/* Code that is stepped, and moves itself from page to page by another root. */
static void root_written_by_stepped_code(void)
{
    enum { HERE = 0x3000, THERE = 0x4000 };
    const u32 here[] = {word_i(INSN_ADDI, T1, T1, 1), word_i(INSN_CRW, 0, T0, CR_PTBR), word_i(INSN_ADDI, T1, T1, 16)};
    const u32 there[] = {word_i(INSN_CRR, T2, 0, CR_INFO), word_i(INSN_JALR, 0, 0, HERE), word_i(INSN_ADDI, T1, T1, 32)};
    u64 all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U;
    t64_host *host = t64_host_new(HOST_MEMORY, LEVEL_STRICT);
    t64_vm *vm = new_guest(host, T64_REWRITE, 0);
    for (u64 root = 0x8000; root <= 0xB000; root += 0x3000) {
        const u64 middle = (root + 0x1000) | PTE_V, leaves = (root + 0x2000) | PTE_V, at_there = THERE | all;
        const u64 at_here = (root == 0x8000 ? HERE : THERE) | all;
        t64_vm_write(vm, root, (const u8 *)&middle, 8);
        t64_vm_write(vm, root + 0x1000, (const u8 *)&leaves, 8);
        t64_vm_write(vm, root + 0x2000 + 8 * (HERE >> 12), (const u8 *)&at_here, 8);
        t64_vm_write(vm, root + 0x2000 + 8 * (THERE >> 12), (const u8 *)&at_there, 8);
    }
    place(vm, HERE, here, 3);
    place(vm, THERE, there, 3);
    t64_vm_boot(vm, THERE);
    t64_vm_set_cr(vm, CR_PTBR, 0x8000 | PTBR_ENABLE);
    vm->state.x[T0] = 0xB000 | PTBR_ENABLE;
    take_all_frames(host);
    require(t64_vm_run(vm, 5) == T64_STOP_LIMIT && vm->state.x[T1] == 33, "it goes on in the page that it has moved to");
    free_with_host(vm);
}

/* A page of tables that holds code too: a mark in an entry is a change of the code. */
static void mark_in_code(void)
{
    enum { ROOT = 0x8000, MIDDLE = 0x9000, LEAVES = 0xA000, START = LEAVES + 0x800, DATA = 0x3000, PAGE = LEAVES >> 12 };
    const u32 words[] = {word_i(INSN_CRR, T1, 0, CR_INFO), word_i(INSN_LD, T1, T0, 0), word_i(INSN_ADDI, T1, T1, 1)};
    u64 all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U, middle = MIDDLE | PTE_V, leaves = LEAVES | PTE_V;
    u64 code = LEAVES | all, data = DATA | all, entry, copied;
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_STRICT), T64_REWRITE, 0);
    t64_vm_write(vm, ROOT, (const u8 *)&middle, 8);
    t64_vm_write(vm, MIDDLE, (const u8 *)&leaves, 8);
    t64_vm_write(vm, LEAVES + 8 * PAGE, (const u8 *)&code, 8);
    t64_vm_write(vm, LEAVES + 8 * (DATA >> 12), (const u8 *)&data, 8);
    place(vm, START, words, 3);
    t64_vm_boot(vm, START);
    t64_vm_set_cr(vm, CR_PTBR, ROOT | PTBR_ENABLE);
    vm->state.x[T0] = DATA;
    require(t64_vm_run(vm, 3) == T64_STOP_LIMIT && vm->state.x[T1] == 1, "code in a table runs");
    t64_vm_read(vm, LEAVES + 8 * (DATA >> 12), (u8 *)&entry, 8);
    require(entry == (data | PTE_A), "the entry is marked");
    u64 copy = t64_guest_copy(vm, 0, PAGE);
    require(copy != T64_NOWHERE, "its page runs as a copy");
    t64_host_read(guest_of(vm)->host, copy + 8 * (DATA >> 12), (u8 *)&copied, 8);
    require(copied == entry, "the copy is marked, too");
    free_with_host(vm);
}

/* The window holds no code. */
static void jump_into_the_window(void)
{
    const u32 words[] = {word_i(INSN_CRR, T0, 0, CR_INFO), word_i(INSN_JALR, 0, 0, (i32)SHARED_PAGE_ADDRESS)};
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_STRICT), T64_REWRITE, 0);
    place(vm, CODE, words, 2);
    place(vm, HANDLER, words, 1);
    t64_vm_boot(vm, CODE);
    t64_vm_set_cr(vm, CR_TVEC, HANDLER);
    require(t64_vm_run(vm, 3) == T64_STOP_LIMIT, "a jump into the window ends");
    require(vm->state.cause == CAUSE_FETCH_ACCESS_FAULT && vm->state.epc == SHARED_PAGE_ADDRESS, "as one out of memory");
    free_with_host(vm);
}

/* The first instruction ever on its host was shown to an observer when input came. */
static void interrupt_behind_the_first_exit(void)
{
    const u32 words[] = {word_i(INSN_CRR, T0, 0, CR_TIME), word_i(INSN_ADDI, T1, T1, 1)};
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_STRICT), T64_TRAP, 0);
    place(vm, CODE, words, 2);
    t64_vm_boot(vm, CODE);
    t64_vm_input_mode(vm, T64_INPUT_LIVE);
    t64_vm_set_cr(vm, CR_TVEC, HANDLER);
    t64_vm_set_cr(vm, CR_IMASK, IPEND_CONSOLE);
    t64_vm_set_cr(vm, CR_STATUS, STATUS_IE);
    t64_vm_observe(vm, (u64)1 << EXIT_CRR);
    require(t64_vm_run(vm, 2) == T64_STOP_OBSERVED, "it is shown");
    t64_vm_input(vm, (const u8 *)"a", 1);
    t64_vm_run(vm, 2);
    require(vm->state.cause >> 63 && vm->state.epc == CODE + 4, "the interrupt comes right behind it");
    free_with_host(vm);
}

/* An observer of a page fault moves the page before it is filled. */
static void page_moved_by_an_observer(u32 technique, u32 options)
{
    const u32 words[] = {word_i(INSN_LD, T1, T0, 0), word_i(INSN_LD, T2, T0, 0)};
    const u64 pages[] = {0x9000 | PTE_V, 0xA000 | PTE_V, 0, 1, 2};
    u64 all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U, leaf = CODE | all, from = 0x4000 | all, to = 0x5000 | all;
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_ASSIST), technique, options);
    place(vm, CODE, words, 2);
    t64_vm_write(vm, 0x8000, (const u8 *)&pages[0], 8);
    t64_vm_write(vm, 0x9000, (const u8 *)&pages[1], 8);
    t64_vm_write(vm, 0xA008, (const u8 *)&leaf, 8);
    t64_vm_write(vm, 0xA018, (const u8 *)&from, 8);
    t64_vm_write(vm, 0x4000, (const u8 *)&pages[3], 8);
    t64_vm_write(vm, 0x5000, (const u8 *)&pages[4], 8);
    t64_vm_boot(vm, CODE);
    t64_vm_set_cr(vm, CR_PTBR, 0x8000 | PTBR_ENABLE);
    vm->state.x[T0] = 0x3000;
    t64_vm_run(vm, 1);
    require(vm->state.x[T1] == 1, "it is found where it was");
    vm->state.pc = CODE;
    t64_vm_set_cr(vm, CR_PTBR, 0x8000 | PTBR_ENABLE);
    t64_vm_observe(vm, (u64)1 << EXIT_SHADOW_PAGE_FAULT);
    while (t64_vm_run(vm, 2) == T64_STOP_OBSERVED && t64_vm_exit(vm)->tval != 0x3000)
        ;
    require(t64_vm_exit(vm)->tval == 0x3000, "the fault is shown");
    t64_vm_write(vm, 0xA018, (const u8 *)&to, 8);
    t64_vm_observe(vm, 0);
    t64_vm_run(vm, 2);
    require(vm->state.x[T1] == 2, "it is found where the observer has put it");
    free_with_host(vm);
}

/* A guest that maps a page at more addresses than the monitor has links for leaves. */
static void more_leaves_than_links(u32 technique, u32 options)
{
    enum { ROOT = 0x8000, MIDDLE = 0x9000, LEAVES = 0xA000, DATA = 0xF000, COUNT = (DATA - LEAVES) / 8, FIRST = 16 };
    const u32 words[] = {word_i(INSN_LD, T1, A0, 0), word_i(INSN_ADDI, T1, T1, 1), word_i(INSN_SD, T1, A0, 0),
                         word_r(INSN_ADD, A0, A0, T0), word_i(INSN_ADDI, A1, A1, -1), word_i(INSN_BNE, A1, 0, -5)};
    u64 all = PTE_V | PTE_R | PTE_W | PTE_X | PTE_U, middle = MIDDLE | PTE_V, code = CODE | all, data = DATA | all, found;
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_ASSIST), technique, options);
    const struct links *links = &guest_of(vm)->shadow.links;
    place(vm, CODE, words, 6);
    t64_vm_write(vm, ROOT, (const u8 *)&middle, 8);
    for (u64 table = LEAVES; table < DATA; table += 0x1000) {
        const u64 leaves = table | PTE_V;
        t64_vm_write(vm, MIDDLE + (table - LEAVES) / 512, (const u8 *)&leaves, 8);
    }
    for (u64 page = FIRST; page < COUNT; page++)
        t64_vm_write(vm, LEAVES + 8 * page, (const u8 *)&data, 8);
    t64_vm_write(vm, LEAVES + 8 * (CODE >> 12), (const u8 *)&code, 8);
    t64_vm_boot(vm, CODE);
    t64_vm_set_cr(vm, CR_PTBR, ROOT | PTBR_ENABLE);
    vm->state.x[T0] = 0x1000;
    vm->state.x[A0] = FIRST << 12;
    vm->state.x[A1] = COUNT - FIRST;
    require(COUNT > links->capacity, "there are fewer links");
    for (u64 until = 6; until <= 6 * (COUNT - FIRST); until += 6)
        require(t64_vm_run(vm, until) == T64_STOP_LIMIT && links->used <= links->capacity && links->taken <= links->used,
                "none is used that there is not");
    t64_vm_read(vm, DATA, (u8 *)&found, 8);
    require(found == COUNT - FIRST, "all leaves lead to the page");
    free_with_host(vm);
}

/* The root in use gets an entry that is none, so that its shadow goes: another one may stand in its frame next. */
static void root_in_use_that_is_stored_to(u32 technique, u32 options)
{
    enum { ROOT = 0x8000, UNUSED_SLOT = ROOT + 16 };
    const u32 words[] = {word_i(INSN_ADDI, T1, T1, 1), word_i(INSN_SD, T0, A0, 0), word_i(INSN_ADDI, T1, T1, 1)};
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_STRICT), technique, options);
    const t64_host *host = guest_of(vm)->host;
    place(vm, CODE, words, 3);
    t64_vm_boot(vm, CODE);
    turn_paging_on(vm);
    vm->state.x[A0] = UNUSED_SLOT;
    vm->state.x[T0] = T64_NOWHERE;
    t64_vm_run(vm, 1);
    u32 root = shadow_known_root(&guest_of(vm)->shadow, 0);
    require(root != FRAME_NONE && host_uses_root(host, root), "the hardware has the shadow of the root");
    t64_vm_run(vm, 2);
    require(shadow_known_root(&guest_of(vm)->shadow, 0) == FRAME_NONE, "the shadow is gone");
    require(!host_uses_root(host, root), "and does not pass for the one in use");
    require(t64_vm_run(vm, 3) == T64_STOP_LIMIT && vm->state.x[T1] == 2, "the guest goes on");
    free_with_host(vm);
}

/* What its host kept of a guest that ends: the next one may get its frames, and its place in memory. */
static void guest_that_ends(u32 technique, u32 options)
{
    const u32 words[] = {word_i(INSN_CRR, T0, 0, CR_INFO), word_i(INSN_ADDI, T1, T1, 1)};
    t64_host *host = t64_host_new(HOST_MEMORY, LEVEL_ASSIST);
    t64_vm *vm = new_guest(host, technique, options);
    place(vm, CODE, words, 2);
    t64_vm_boot(vm, CODE);
    t64_vm_run(vm, 2);
    t64_vm_free(vm);
    require(!host->guests && !host->woken, "it is in no list");
    require(host->hardware.state.ptbr == HOST_NO_ROOT, "its root does not pass for the one in use");
    require(!host->frames.served, "its frames are counted no more");
    require(!host->kernels || !host->kernels->vm, "its kernel is interpreted no more");
    require(!host->stepper || !host->stepper->vm, "nor is its code stepped");
    require(host->frames.free == HOST_MEMORY / FRAME_SIZE && !host->frames.monitor, "all frames are free");
    t64_host_free(host);
}

/* The same of one whose code was stepped, as its host had no frame for a copy. */
static void stepped_guest_that_ends(void)
{
    const u32 words[] = {word_i(INSN_CRR, T0, 0, CR_INFO), word_i(INSN_ADDI, T1, T1, 1)};
    t64_host *host = t64_host_new(HOST_MEMORY, LEVEL_STRICT);
    t64_vm *vm = new_guest(host, T64_REWRITE, 0);
    place(vm, CODE, words, 2);
    t64_vm_boot(vm, CODE);
    take_all_frames(host);
    t64_vm_run(vm, 2);
    require(host->stepper->vm == vm, "its code is stepped");
    t64_vm_free(vm);
    require(!host->stepper->vm, "and is no more");
    t64_host_free(host);
}

/* A guest that its host has no room for. */
static void guest_that_is_not_made(u32 technique)
{
    t64_config config = {.memory = MEMORY};
    t64_host *host = t64_host_new(HOST_MEMORY, LEVEL_ASSIST);
    while (host->frames.free > MEMORY / FRAME_SIZE)
        host_take_frame(host);
    require(!t64_guest_new(host, technique, &config), "the monitor's own frames are missing");
    require(!host->frames.served && !host->guests, "nothing is left of it");
    require(host->frames.free == MEMORY / FRAME_SIZE, "its frames are free again");
    t64_host_free(host);
}

/* What recompiled code asks for: may a group of stores go ahead? Not so into code. */
static void group_of_stores_into_code_in_guest_mode(void)
{
    enum { STORES_A_DOUBLE = EXTENT_STORE | 3 << 8 | 8 << 16 };
    const u32 words[] = {word_i(INSN_ADDI, T0, T0, 1), word_i(INSN_ADDI, T0, T0, 1)};
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_ASSIST), T64_ASSIST, 0);
    struct t64_cpu *cpu = guest_of(vm)->host->cpu;
    struct guest_area area = {.state = &vm->state, .nested = true, .tables = {{t64_guest_root(vm, 0)}}, .alarm = T64_NEVER};
    place(vm, CODE, words, 2);
    t64_vm_boot(vm, CODE);
    t64_vm_run(vm, 2);
    cpu->guest = &area;
    cpu->vm->state.ptbr = 0;
    struct region *region = calloc(1, sizeof *region + sizeof region->counts[0] + sizeof region->sites[0]);
    region->site_count = 1;
    region->sites = (struct region_site *)&region->counts[1];
    require(!recompiler_reach(cpu, region, CODE, STORES_A_DOUBLE), "a group of stores into code is left to the interpreter");
    require(recompiler_reach(cpu, region, CODE + 0x1000, STORES_A_DOUBLE), "one into data is not");
    free(region);
    cpu->guest = NULL;
    free_with_host(vm);
}

/* The same of an entry that was recompiled, as code: may it be marked? It may where that changes nothing. */
static void entry_that_was_recompiled(u64 what)
{
    enum { ROOT = 0x8000, MIDDLE = 0x9000, LEAVES = 0xA000, HERE = 0x3000, BEFORE = 0x2000, BEHIND = 0x4000, WORD = 2 * (HERE >> 12) };
    const t64_recompiler_config config = {.threshold = 1000, .done_fd = -1};
    const u64 leaf = PTE_V | PTE_R | PTE_W | PTE_U, marks = PTE_A | (what & EXTENT_STORE ? PTE_D : 0);
    bool evicted;
    t64_host *host = t64_host_new(HOST_MEMORY, LEVEL_STRICT);
    struct t64_cpu *cpu = host->cpu;
    u64 *leaves = (u64 *)(void *)(host->hardware.phys.ram + LEAVES);
    *(u64 *)(void *)(host->hardware.phys.ram + ROOT) = MIDDLE | PTE_V;
    *(u64 *)(void *)(host->hardware.phys.ram + MIDDLE) = LEAVES | PTE_V;
    for (u64 page = BEFORE; page <= BEHIND; page += 0x1000)
        leaves[page >> 12] = page | leaf;
    host->hardware.state.ptbr = ROOT | PTBR_ENABLE;
    cpu_flush(cpu);
    t64_host_recompile(host, &config);
    struct region *region = calloc(1, sizeof *region + sizeof region->counts[0] + sizeof region->sites[0]);
    region->site_count = 1;
    region->sites = (struct region_site *)&region->counts[1];
    struct code_page *page = code_new(cpu->code, LEAVES >> 12, &evicted);
    page->compiled = calloc(1, sizeof *page->compiled);
    for (u32 half = 0; half < 2; half++) {
        page->compiled->words[WORD / 64] = (u64)1 << (WORD + half) % 64;
        require(!recompiler_reach(cpu, region, HERE, what), "an entry that is code, too, is marked by the interpreter");
        require(leaves[HERE >> 12] == (HERE | leaf), "it is not marked yet");
    }
    require(recompiler_reach(cpu, region, BEFORE, what) && leaves[BEFORE >> 12] == (BEFORE | leaf | marks), "the one before is");
    require(recompiler_reach(cpu, region, BEHIND, what) && leaves[BEHIND >> 12] == (BEHIND | leaf | marks), "and the one behind");
    leaves[HERE >> 12] |= marks;
    require(recompiler_reach(cpu, region, HERE, what), "where it has its marks nothing changes");
    free(region);
    t64_host_free(host);
}

static void free_host_of_guests(void)
{
    static const u32 techniques[] = {T64_TRAP, T64_HYBRID, T64_REWRITE, T64_ASSIST, T64_PARA, T64_CUSTOM};
    t64_host *host = t64_host_new(8 * HOST_MEMORY, LEVEL_ASSIST);
    for (u32 i = 0; i < sizeof techniques / sizeof techniques[0]; i++)
        new_guest(host, techniques[i], 0);
    t64_host_free(host);
}

/* The first rounds are for what the C library keeps of what is freed. */
static void host_that_ends_before_its_guests(void)
{
    for (u32 round = 0; round < 8; round++)
        free_host_of_guests();
    size_t before = mallinfo2().uordblks;
    free_host_of_guests();
    require(mallinfo2().uordblks == before, "a host that ends frees each of its guests");
}

/* Time that passes in a wait is time for others, whoever carries the wait out. */
static void wait_that_gives_way(u32 technique, u32 options)
{
    enum { FAR = 5000 };
    const u32 words[] = {word_i(INSN_WFI, 0, 0, 0), word_i(INSN_ADDI, T1, T1, 1), word_i(INSN_JAL, 0, 0, -1)};
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_ASSIST), technique, options);
    place(vm, CODE, words, 3);
    t64_vm_boot(vm, CODE);
    t64_vm_set_cr(vm, CR_IMASK, IPEND_TIMER);
    t64_vm_set_cr(vm, CR_TIMECMP, 500);
    t64_vm_yields(vm, true);
    require(t64_vm_run(vm, FAR) == T64_STOP_YIELD && vm->state.retired == 1, "who waits gives way at once");
    require(t64_vm_run(vm, FAR) == T64_STOP_LIMIT && vm->state.x[T1] == FAR / 2, "and goes on behind the wait");
    free_with_host(vm);
}

static void require_seen(t64_vm *vm, u32 *count, const char *what)
{
    require(t64_guest_audit(vm) == T64_OK, "the books are right");
    (*count)++;
    require(t64_guest_audit(vm) == T64_ERROR_VALUE, what);
    (*count)--;
}

/* Each count of a domain's books that is one too high. */
static void audit_that_sees_each_count(void)
{
    t64_vm *vm = new_guest(t64_host_new(HOST_MEMORY, LEVEL_STRICT), T64_PARA, 0);
    struct t64_guest *guest = guest_of(vm);
    struct domain *domain = guest->domain;
    for (u32 i = 0; i < GRANTS; i++)
        require_seen(vm, &domain->grants[i].maps, "the audit counts the maps of each grant");
    require_seen(vm, &domain->maps_used, "the audit counts the maps that are used");
    for (u32 page = 0; page < guest->pages; page++) {
        struct frame *frame = &guest->host->frames.all[guest->frames[page]];
        require_seen(vm, &frame->grants, "the audit counts the grants of each page");
        require_seen(vm, &frame->maps, "the audit counts the maps of each page");
        require_seen(vm, &frame->writable_maps, "the audit counts the writable maps of each page");
        require_seen(vm, &frame->page, "the audit asks each frame for its page");
        frame->count++;
        require(t64_guest_audit(vm) == T64_ERROR_VALUE, "the audit counts the uses of each page");
        frame->count--;
        frame->mappings++;
        require(t64_guest_audit(vm) == T64_ERROR_VALUE, "the audit counts the leaves of each page");
        frame->mappings--;
    }
    free_with_host(vm);
}

int main(void)
{
    rewrite_without_a_frame();
    rewrite_with_few_frames();
    root_written_by_stepped_code();
    mark_in_code();
    jump_into_the_window();
    interrupt_behind_the_first_exit();
    group_of_stores_into_code_in_guest_mode();
    entry_that_was_recompiled(EXTENT_LOAD | 3 << 8 | 8 << 16);
    entry_that_was_recompiled(EXTENT_STORE | 3 << 8 | 8 << 16);
    page_moved_by_an_observer(T64_TRAP, 0);
    page_moved_by_an_observer(T64_TRAP, T64_OPTION_FLUSH);
    page_moved_by_an_observer(T64_REWRITE, 0);
    page_moved_by_an_observer(T64_ASSIST, T64_OPTION_SHADOW);
    more_leaves_than_links(T64_TRAP, 0);
    more_leaves_than_links(T64_TRAP, T64_OPTION_FLUSH);
    more_leaves_than_links(T64_REWRITE, 0);
    more_leaves_than_links(T64_ASSIST, T64_OPTION_SHADOW);
    root_in_use_that_is_stored_to(T64_TRAP, 0);
    root_in_use_that_is_stored_to(T64_REWRITE, 0);
    counts_of_what_is_rewritten();
    guest_that_ends(T64_TRAP, 0);
    guest_that_ends(T64_HYBRID, 0);
    guest_that_ends(T64_REWRITE, 0);
    guest_that_ends(T64_ASSIST, 0);
    guest_that_ends(T64_ASSIST, T64_OPTION_SHADOW);
    guest_that_ends(T64_PARA, 0);
    stepped_guest_that_ends();
    guest_that_is_not_made(T64_TRAP);
    guest_that_is_not_made(T64_HYBRID);
    guest_that_is_not_made(T64_REWRITE);
    guest_that_is_not_made(T64_ASSIST);
    guest_that_is_not_made(T64_PARA);
    guest_that_is_not_made(T64_CUSTOM);
    host_that_ends_before_its_guests();
    audit_that_sees_each_count();
    wait_that_gives_way(T64_TRAP, 0);
    wait_that_gives_way(T64_HYBRID, 0);
    wait_that_gives_way(T64_REWRITE, 0);
    wait_that_gives_way(T64_ASSIST, 0);
    wait_that_gives_way(T64_ASSIST, T64_OPTION_SHADOW);
    t64_vm *machine = new_machine(MEMORY);
    timer_at_the_very_last_tick(machine);
    t64_vm_free(machine);
    timer_of_a_guest_at_the_very_last_tick(T64_TRAP);
    timer_of_a_guest_at_the_very_last_tick(T64_HYBRID);
    timer_of_a_guest_at_the_very_last_tick(T64_REWRITE);
    timer_of_a_guest_at_the_very_last_tick(T64_ASSIST);
    spin_over_the_end_of_time(T64_TRAP, 0);
    spin_over_the_end_of_time(T64_HYBRID, 0);
    spin_over_the_end_of_time(T64_REWRITE, 0);
    spin_over_the_end_of_time(T64_ASSIST, 0);
    return 0;
}
