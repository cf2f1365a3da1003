/* Modelled TLBs: of which sizes there are, made anew, and counting the accesses of random code on every technique. */
#include <string.h>

#include "random_code.h"

enum { MEMORY = 0x20000, STEPS = 2000, ROUNDS = 60 };

static const struct {
    u32 entries, ways;
    bool fits;
} sizes[] = {
    {1, 1, true}, {64, 4, true}, {64, 64, true}, {1536, 12, true}, {T64_TLB_ENTRIES_MAX, 1, true},
    {0, 0, false}, {0, 1, false}, {1, 0, false}, {4, 8, false}, {6, 4, false}, {12, 4, false}, {128, 128, false},
    {T64_TLB_ENTRIES_MAX * 2, 2, false}, {~(u32)0, 1, false}, {~(u32)0, ~(u32)0, false},
};

static void test_sizes(void)
{
    t64_vm *vm = new_machine(MEMORY);
    t64_tlb_counts counts;
    require(t64_vm_tlb_counts(vm, &counts) == T64_ERROR_VALUE, "without one there are no counts");
    for (u32 n = 0; n < sizeof sizes / sizeof *sizes; n++)
        require((t64_vm_model_tlb(vm, sizes[n].entries, sizes[n].ways) == T64_OK) == sizes[n].fits,
                "sets are a power of two, and within limits");
    require(t64_vm_tlb_counts(vm, &counts) == T64_OK, "the last one that fits is there");
    t64_vm_free(vm);
}

static const struct {
    u32 technique, options;
} kinds[] = {
    {T64_TRAP, 0}, {T64_TRAP, T64_OPTION_FLUSH}, {T64_REWRITE, 0}, {T64_REWRITE, T64_OPTION_ADAPTIVE},
    {T64_HYBRID, 0}, {T64_ASSIST, 0}, {T64_ASSIST, T64_OPTION_SHADOW},
};

static u64 misses_of(t64_vm *vm)
{
    t64_tlb_counts counts;
    require(t64_vm_tlb_counts(vm, &counts) == T64_OK, "it has one");
    u64 misses = counts.fetch_misses + counts.load_misses + counts.store_misses;
    require(counts.walk_steps <= 3 * misses && counts.nested_steps <= 12 * misses, "no walk is longer than the tables are deep");
    return misses;
}

/* Random code with paging on. What it relies on may be unspecified: what is counted is not compared here. */
static void test_code(t64_vm *vm, u64 seed, u64 *misses)
{
    struct random random = {seed};
    require(t64_vm_model_tlb(vm, 8, 2) == T64_OK, "there is memory for it");
    place_code(vm, &random);
    t64_vm_boot(vm, CODE);
    set_controls(vm, &random, STEPS);
    turn_paging_on(vm);
    for (u64 until = 0; until < STEPS; until += 250)
        t64_vm_run(vm, until);
    *misses += misses_of(vm);
}

static t64_vm *new_guest(t64_host *host, u32 kind)
{
    t64_config config = {.memory = MEMORY, .level = LEVEL_ASSIST, .options = kinds[kind].options};
    t64_vm *vm = t64_guest_new(host, kinds[kind].technique, &config);
    require(vm, "there is room for a guest");
    return vm;
}

int main(void)
{
    u64 misses = 0;
    test_sizes();
    t64_host *host = t64_host_new(8 << 20, LEVEL_ASSIST);
    require(host, "there is memory for a host");
    for (u64 seed = 1; seed <= ROUNDS; seed++) {
        t64_vm *machine = new_machine(MEMORY);
        test_code(machine, seed, &misses);
        t64_vm_free(machine);
        for (u32 kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
            t64_vm *guest = new_guest(host, kind);
            test_code(guest, seed, &misses);
            t64_vm_free(guest);
        }
    }
    t64_host_free(host);
    require(misses > ROUNDS, "something was missed");
    printf("%llu misses of random code\n", (unsigned long long)misses);
    return 0;
}
