/* Guest mode without a monitor: what the hardware itself does with a guest-state area and nested tables. */
#include <string.h>

#include "engine/guest_mode.h"
#include "monitor/host/host.h"
#include "assemble.h"

/* The guest's memory, and where the host keeps it: scattered, and behind the nested tables. */
enum { PAGES = 16, CODE = 0x1000, HANDLER = 0x2000, DATA = 0x3000, TABLES = 0x4000 };
enum { ROOT = 0x10000, MIDDLE = 0x11000, LEAVES = 0x12000, FRAMES = 0x80000 };
enum { LIMIT = 50, ALL = PTE_R | PTE_W | PTE_X };

struct world {
    t64_host *host;
    struct t64_state state;
    struct guest_area area;
};

static u64 frame_of(u64 page) { return FRAMES + (page * 7 % PAGES) * 4096; }

static u64 *host_word(struct world *world, u64 hpa) { return (u64 *)(void *)(world->host->hardware.phys.ram + hpa); }

static u64 *word_at(struct world *world, u64 gpa) { return host_word(world, frame_of(gpa >> 12) + (gpa & 4095)); }

static u64 *leaf_of(struct world *world, u64 gpa) { return host_word(world, LEAVES + 8 * (gpa >> 12)); }

static void put_code(struct world *world, u64 gpa, const u32 *words, u64 count)
{
    memcpy(word_at(world, gpa), words, count * 4);
    cpu_memory_changed(world->host->cpu, (t64_hpa){frame_of(gpa >> 12)}, 4096);
}

static void map(struct world *world, u64 gpa, u64 rights)
{
    *leaf_of(world, gpa) = frame_of(gpa >> 12) | rights | PTE_V;
    cpu_flush(world->host->cpu);
}

static void unmap(struct world *world, u64 gpa)
{
    *leaf_of(world, gpa) = 0;
    cpu_flush(world->host->cpu);
}

/* A guest at CODE in kernel mode, its handler an `in`, which always exits. */
static struct world new_world(void)
{
    const u32 handler = word_i(INSN_IN, T2, 0, PORT_CLOCK);
    struct world world = {.host = t64_host_new(8 << 20, LEVEL_ASSIST)};
    require(world.host, "there is memory for a host");
    *host_word(&world, ROOT) = MIDDLE | PTE_V;
    *host_word(&world, MIDDLE) = LEAVES | PTE_V;
    for (u64 page = 0; page < PAGES; page++)
        map(&world, page << 12, ALL);
    world.state = (struct t64_state){.pc = CODE, .tvec = HANDLER, .timecmp = T64_NOWHERE};
    world.area = (struct guest_area){.nested = true, .tables = {{ROOT}}, .alarm = T64_NEVER};
    put_code(&world, HANDLER, &handler, 1);
    return world;
}

static void end(struct world *world) { t64_host_free(world->host); }

/* The code of the exit; 0 at the limit. The host's registers wait meanwhile, all but x and the count. */
static u32 enter(struct world *world)
{
    struct t64_state before = *t64_host_state(world->host);
    u64 retired = world->state.retired;
    world->area.state = &world->state;
    int event = cpu_run_guest(world->host->cpu, &world->area, LIMIT);
    before.retired += world->state.retired - retired;
    memcpy(before.x, t64_host_state(world->host)->x, sizeof before.x);
    require(!memcmp(&before, t64_host_state(world->host), sizeof before), "the host's registers are as they were");
    require(event == T64_STOP_LIMIT ? world->state.retired == LIMIT : event == CPU_TRAP, "an exit, or the limit");
    if (event == T64_STOP_LIMIT)
        return 0;
    require((world->area.exit.code == GUEST_EXIT_NESTED_FAULT) == (world->area.exit.gpa != T64_NOWHERE),
            "an address is told of a nested fault, and of nothing else");
    return world->area.exit.code;
}

static u64 *x(struct world *world) { return world->host->hardware.state.x; }

#define RUN(world, ...) do { \
        const u32 code_words[] = {__VA_ARGS__}; \
        put_code(world, CODE, code_words, sizeof code_words / 4); \
    } while (0)

#define LD(rd, at) word_i(INSN_LD, rd, ZERO, at)
#define SPIN word_u(INSN_JAL, ZERO, 0)
#define GO_BACK word_u(INSN_JAL, ZERO, -1)

static bool is_at(const struct world *world, u64 pc, u64 retired) { return world->state.pc == pc && world->state.retired == retired; }

/* The guest's handler was entered, with no exit before its own. */
static void require_trap(struct world *world, u64 cause, u64 tval)
{
    require(enter(world) == GUEST_EXIT_INSTRUCTION && world->state.pc == HANDLER, "the handler's `in` exits");
    require(world->state.cause == cause && world->state.tval == tval, "the guest's kernel got its own trap");
}

static void test_what_always_exits(void)
{
    const u32 words[] = {word_i(INSN_IN, T0, 0, PORT_CLOCK), word_i(INSN_OUT, 0, T0, PORT_POWER), word_i(INSN_WFI, 0, 0, 0)};
    for (u32 n = 0; n < 3; n++) {
        struct world world = new_world();
        RUN(&world, word_i(INSN_ADDI, A0, A0, 5), words[n]);
    require(enter(&world) == GUEST_EXIT_INSTRUCTION && world.area.exit.tval == words[n], "the word is told");
        require(is_at(&world, CODE + 4, 1) && x(&world)[A0] == 5, "what comes before has happened, it has not");
        end(&world);
    }
}

static void test_a_nested_fault_changes_nothing(void)
{
    struct world world = new_world();
    RUN(&world, LD(T0, DATA + 8), word_i(INSN_SD, T0, ZERO, DATA + 16), word_u(INSN_JAL, ZERO, 0x20000));
    *word_at(&world, DATA + 8) = 77;
    unmap(&world, DATA);
    require(enter(&world) == GUEST_EXIT_NESTED_FAULT, "nothing is mapped there");
    require(world.area.exit.gpa == DATA + 8 && world.area.exit.tval == DATA + 8 && world.area.exit.access == ACCESS_LOAD,
            "the record says where and what for");
    require(is_at(&world, CODE, 0) && x(&world)[T0] == 0, "nothing has happened");
    map(&world, DATA, PTE_R);
    require(enter(&world) == GUEST_EXIT_NESTED_FAULT && world.area.exit.access == ACCESS_STORE, "the right to store lacks");
    require(is_at(&world, CODE + 4, 1) && x(&world)[T0] == 77 && *word_at(&world, DATA + 16) == 0, "the load has happened");
    require((*leaf_of(&world, DATA) & (PTE_A | PTE_D)) == PTE_A, "it was loaded from, and not stored to");
    map(&world, DATA, ALL);
    require(enter(&world) == GUEST_EXIT_NESTED_FAULT && world.area.exit.access == ACCESS_FETCH, "then it goes on, and gets lost");
    require(world.area.exit.gpa == world.state.pc && *word_at(&world, DATA + 16) == 77, "with a fetch from nowhere");
    require((*leaf_of(&world, DATA) & (PTE_A | PTE_D)) == (PTE_A | PTE_D), "and D is set by the store");
    require(!(*leaf_of(&world, 0x7000) & (PTE_A | PTE_D)), "a page that was left alone is not marked");
    end(&world);
}

static void turn_guest_paging_on(struct world *world, u64 rights)
{
    *word_at(world, TABLES) = PTE_V | rights;
    world->state.ptbr = TABLES | PTBR_ENABLE;
}

static void test_the_guest_s_tables_are_read_and_marked_through_the_nested_ones(void)
{
    struct world world = new_world();
    RUN(&world, LD(T0, DATA), GO_BACK);
    turn_guest_paging_on(&world, ALL);
    map(&world, TABLES, PTE_W);
    require(enter(&world) == GUEST_EXIT_NESTED_FAULT && world.area.exit.gpa == TABLES, "the table cannot be read");
    require(world.area.exit.tval == CODE && world.area.exit.access == ACCESS_FETCH, "by the fetch");
    map(&world, TABLES, PTE_R);
    require(enter(&world) == GUEST_EXIT_NESTED_FAULT && world.area.exit.gpa == TABLES, "nor marked");
    require(!(*word_at(&world, TABLES) & PTE_A), "it is not");
    map(&world, TABLES, PTE_R | PTE_W);
    unmap(&world, DATA);
    require(enter(&world) == GUEST_EXIT_NESTED_FAULT && world.area.exit.gpa == DATA, "the data is not there");
    require((*word_at(&world, TABLES) & (PTE_A | PTE_D)) == PTE_A, "by the fetch A is set");
    require(*leaf_of(&world, TABLES) & PTE_D, "which dirties the table's page");
    map(&world, DATA, PTE_R);
    require(enter(&world) == 0, "then it runs to the limit");
    require((*word_at(&world, TABLES) & (PTE_A | PTE_D)) == PTE_A, "and no load sets D");
    end(&world);
}

static void test_a_page_fault_of_the_guest_is_its_own(void)
{
    struct world world = new_world();
    RUN(&world, word_i(INSN_ADDI, A0, A0, 1), word_i(INSN_SD, T0, ZERO, DATA));
    turn_guest_paging_on(&world, PTE_R | PTE_X);
    require_trap(&world, CAUSE_STORE_PAGE_FAULT, DATA);
    require(world.state.epc == CODE + 4 && world.state.retired == 1 && world.state.fresh, "exactly as ever");
    require(!(*word_at(&world, TABLES) & PTE_D), "an access that faults does not set D");
    end(&world);
}

static void test_superpages_translate(void)
{
    struct world world = new_world();
    RUN(&world, LD(T0, DATA), word_u(INSN_LUI, A0, 0x400),
        word_i(INSN_LD, T1, A0, 8), word_i(INSN_IN, T0, 0, PORT_CLOCK));
    *host_word(&world, MIDDLE + 8 * 2) = (4 << 20) | ALL | PTE_V; /* gpa 4 MiB is hpa 4 MiB, a superpage */
    *host_word(&world, (4 << 20) + 8) = 99;
    require(enter(&world) == GUEST_EXIT_INSTRUCTION && x(&world)[T1] == 99, "the superpage is reached");
    require((*host_word(&world, MIDDLE + 8 * 2) & (PTE_A | PTE_D)) == PTE_A, "and marked");
    world.state.pc = CODE;
    *host_word(&world, MIDDLE + 8 * 2) |= 4096;
    cpu_flush(world.host->cpu);
    require(enter(&world) == GUEST_EXIT_NESTED_FAULT && world.area.exit.gpa == (4 << 20) + 8, "one that is not aligned is none");
    end(&world);
}

/* One instruction, and what makes it exit. */
struct intercepted {
    u64 bit;
    u32 word, code;
};

static void test_each_bit_of_the_mask_makes_its_instruction_or_event_exit(void)
{
    const struct intercepted rows[] = {
        {INTERCEPT_CRR, word_i(INSN_CRR, T0, 0, CR_SCRATCH), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_CRW, word_i(INSN_CRW, 0, T0, CR_SCRATCH), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_CRW, word_i(INSN_CRW, 0, T0, CR_IMASK), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_CRX, word_i(INSN_CRX, T0, T0, CR_SCRATCH), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_ERET, word_i(INSN_ERET, 0, 0, 0), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_TLBI, word_i(INSN_TLBI, 0, T0, 0), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_GETST, word_i(INSN_GETST, T0, 0, 0), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_SETST, word_i(INSN_SETST, 0, T0, 0), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_GETVEC, word_i(INSN_GETVEC, T0, 0, 0), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_GETPT, word_i(INSN_GETPT, T0, 0, 0), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_PROBE, word_r(INSN_PROBE, T0, T0, T0), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_PTBR_WRITE, word_i(INSN_CRW, 0, ZERO, CR_PTBR), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_PTBR_WRITE, word_i(INSN_CRX, T0, ZERO, CR_PTBR), GUEST_EXIT_INSTRUCTION},
        {INTERCEPT_HCALL, word_u(INSN_HCALL, 0, 3), GUEST_EXIT_HCALL},
        {INTERCEPT_SPIN, SPIN, GUEST_EXIT_SPIN},
        {INTERCEPT_SYSCALL, word_i(INSN_SYSCALL, 0, 0, 0), GUEST_EXIT_SYSCALL},
        {INTERCEPT_BREAK, word_i(INSN_BREAK, 0, 0, 0), GUEST_EXIT_BREAK},
        {INTERCEPT_ILLEGAL_INSTRUCTION, 0, GUEST_EXIT_ILLEGAL_INSTRUCTION},
        {INTERCEPT_LOAD_MISALIGNED, LD(T1, DATA + 1), GUEST_EXIT_LOAD_MISALIGNED},
        {INTERCEPT_STORE_MISALIGNED, word_i(INSN_SD, T0, ZERO, DATA + 1), GUEST_EXIT_STORE_MISALIGNED},
        {INTERCEPT_FETCH_MISALIGNED, word_i(INSN_JALR, 0, ZERO, 2), GUEST_EXIT_FETCH_MISALIGNED},
    };
    for (u32 n = 0; n < sizeof rows / sizeof *rows; n++) {
        struct world world = new_world();
        RUN(&world, word_i(INSN_ADDI, A0, A0, 1), rows[n].word, word_i(INSN_IN, T0, 0, PORT_CLOCK));
        world.state.epc = CODE + 8;
        world.state.status = STATUS_IE;
        struct world without = world;
        world.area.intercepts = rows[n].bit;
        require(enter(&world) == rows[n].code && is_at(&world, CODE + 4, 1), "it exits with its code, and has not executed");
        require(world.state.cause == 0 && world.state.scratch == 0, "nor been delivered");
        without.state.pc = CODE;
        u32 code = enter(&without);
        require(without.state.retired > 1 || without.state.pc == HANDLER, "without the bit the guest goes on");
        require(code == 0 || code == GUEST_EXIT_INSTRUCTION, "up to the limit, or to an `in`");
        end(&world);
    }
}

static void test_user_mode_gets_its_privileged_trap_before_any_intercept(void)
{
    struct world world = new_world();
    const u32 word = word_i(INSN_CRR, T0, 0, CR_SCRATCH);
    RUN(&world, word);
    turn_guest_paging_on(&world, ALL | PTE_U);
    world.state.status = STATUS_MODE;
    world.area.intercepts = INTERCEPT_CRR | INTERCEPT_HCALL;
    require_trap(&world, CAUSE_PRIVILEGED_INSTRUCTION, word);
    const u32 call = word_u(INSN_HCALL, 0, 3);
    RUN(&world, call);
    world.state.pc = CODE;
    world.state.status = STATUS_MODE;
    world.state.fresh = 0;
    require_trap(&world, CAUSE_ILLEGAL_INSTRUCTION, call);
    end(&world);
}

static void test_an_event_is_delivered_on_entry(void)
{
    struct world world = new_world();
    RUN(&world, GO_BACK);
    world.area.has_event = true;
    world.area.event = (struct t64_trap){CAUSE_LOAD_ACCESS_FAULT, 1234};
    require_trap(&world, CAUSE_LOAD_ACCESS_FAULT, 1234);
    require(world.state.epc == CODE && world.state.fresh && world.state.retired == 0, "as any trap");
    require(!world.area.has_event, "once");
    world.area.has_event = true;
    world.area.event = (struct t64_trap){CAUSE_DISK, 0};
    require_trap(&world, CAUSE_DISK, 0);
    world.area.has_event = true;
    world.area.event = (struct t64_trap){CAUSE_BREAK, 0};
    require(enter(&world) == GUEST_EXIT_SHUTDOWN, "an exception right after a trap is one too many");
    require(world.area.exit.fault.fault == T64_FAULT_DOUBLE && world.area.exit.fault.cause == CAUSE_BREAK, "a double fault");
    require(world.state.cause == CAUSE_DISK, "nothing has changed");
    end(&world);
}

static void test_interrupts_come_by_lines_and_by_the_guest_s_own_timer(void)
{
    struct world world = new_world();
    RUN(&world, word_i(INSN_ADDI, A0, A0, 1), GO_BACK);
    world.state.imask = IPEND_DISK | IPEND_TIMER;
    world.state.status = STATUS_IE;
    world.state.skipped = 1000;
    world.state.timecmp = 1007;
    require_trap(&world, CAUSE_TIMER, 0);
    require(world.state.retired == 7, "at its very instruction, by the guest's own time");
    world.state.status = STATUS_IE;
    world.state.pc = CODE;
    world.state.timecmp = T64_NOWHERE;
    world.area.lines = IPEND_DISK;
    world.area.intercepts = INTERCEPT_INTERRUPT;
    require(enter(&world) == GUEST_EXIT_INTERRUPT && world.area.exit.tval == CAUSE_DISK, "intercepted, it is told");
    require(is_at(&world, CODE, 7), "before anything runs");
    world.area.intercepts = 0;
    require_trap(&world, CAUSE_DISK, 0);
    require(world.state.retired == 7, "and else delivered");
    end(&world);
}

static void test_the_alarm_comes_at_its_instant_and_before_an_interrupt(void)
{
    struct world world = new_world();
    RUN(&world, word_i(INSN_ADDI, A0, A0, 1), GO_BACK);
    world.state.status = STATUS_IE;
    world.state.skipped = T64_NOWHERE - 3; /* time starts again from 0 */
    world.state.timecmp = 5;
    world.area.alarm = instant_at(5);
    require(enter(&world) == GUEST_EXIT_ALARM && world.state.retired == 9, "at the guest's time 5");
    world.state.imask = IPEND_TIMER;
    world.area.alarm = T64_NEVER;
    require_trap(&world, CAUSE_TIMER, 0);
    require(world.state.retired == 9, "the interrupt is still due");
    end(&world);
}

static void test_a_jump_to_itself_ends_by_an_interrupt_or_shuts_down(void)
{
    struct world world = new_world();
    RUN(&world, SPIN);
    require(enter(&world) == GUEST_EXIT_SHUTDOWN && world.area.exit.fault.fault == T64_FAULT_STUCK, "nothing can end it");
    world.state.status = STATUS_IE;
    world.state.imask = IPEND_TIMER;
    world.state.timecmp = 30;
    require_trap(&world, CAUSE_TIMER, 0);
    require(world.state.retired == 30, "the timer does");
    end(&world);
}

static void test_without_nesting_the_tables_stand_in_for_the_guest_s_by_mode(void)
{
    struct world world = new_world();
    RUN(&world, LD(T0, DATA), GO_BACK);
    *word_at(&world, DATA) = 55;
    world.area.nested = false;
    world.area.intercepts = INTERCEPT_LOAD_PAGE_FAULT | INTERCEPT_FETCH_PAGE_FAULT;
    world.area.tables[1] = (t64_hpa){0x20000}; /* nothing is mapped for users */
    world.state.ptbr = PTBR_ENABLE;            /* the guest's own, which nobody walks */
    require(enter(&world) == 0 && x(&world)[T0] == 55, "the kernel's tables are used");
    world.state = (struct t64_state){.pc = CODE, .tvec = HANDLER, .timecmp = T64_NOWHERE, .status = STATUS_MODE};
    require(enter(&world) == GUEST_EXIT_FETCH_PAGE_FAULT && world.area.exit.tval == CODE, "and those of users");
    end(&world);
}

static void test_a_probe_that_misses_the_nested_tables_exits(void)
{
    struct world world = new_world();
    const u32 probe = word_r(INSN_PROBE, T1, A0, A1);
    RUN(&world, word_u(INSN_LUI, A0, DATA >> 12), word_i(INSN_ADDI, A1, 0, 1), probe, GO_BACK);
    x(&world)[T1] = 1;
    require(enter(&world) == 0 && x(&world)[T1] == DATA, "it finds the guest-physical address");
    unmap(&world, DATA);
    world.state = (struct t64_state){.pc = CODE, .tvec = HANDLER, .timecmp = T64_NOWHERE};
    require(enter(&world) == GUEST_EXIT_INSTRUCTION && world.area.exit.tval == probe, "only the monitor can tell");
    end(&world);
}

int main(void)
{
    test_what_always_exits();
    test_a_nested_fault_changes_nothing();
    test_the_guest_s_tables_are_read_and_marked_through_the_nested_ones();
    test_a_page_fault_of_the_guest_is_its_own();
    test_superpages_translate();
    test_each_bit_of_the_mask_makes_its_instruction_or_event_exit();
    test_user_mode_gets_its_privileged_trap_before_any_intercept();
    test_an_event_is_delivered_on_entry();
    test_interrupts_come_by_lines_and_by_the_guest_s_own_timer();
    test_the_alarm_comes_at_its_instant_and_before_an_interrupt();
    test_a_jump_to_itself_ends_by_an_interrupt_or_shuts_down();
    test_without_nesting_the_tables_stand_in_for_the_guest_s_by_mode();
    test_a_probe_that_misses_the_nested_tables_exits();
    printf("guest mode does what it says\n");
    return 0;
}
