/* What an instruction, a trap and a control register cost, with paging on: CPU time, best of several runs. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <time.h>

#include "engine/cpu.h"
#include "assemble.h"

enum { ROUNDS = 7 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double best_of(t64_vm *vm, u64 instructions)
{
    double best = 1e30;
    for (u32 round = 0; round < ROUNDS; round++) {
        double before = now();
        require(t64_vm_run(vm, t64_vm_state(vm)->retired + instructions) == T64_STOP_LIMIT, "it runs on");
        double spent = now() - before;
        best = spent < best ? spent : best;
    }
    return best / (double)instructions;
}

static t64_vm *start(const u32 *words, u64 count)
{
    t64_vm *vm = new_machine(1 << 20);
    place(vm, 0x1000, words, count);
    turn_paging_on(vm);
    t64_vm_boot(vm, 0x1000);
    return vm;
}

static void report(const char *name, double ns, const char *unit) { printf("%-28s %8.2f ns %s\n", name, ns, unit); }

#define MEASURE(name, unit, per, ...) do { \
        const u32 words[] = {__VA_ARGS__}; \
        t64_vm *vm = start(words, sizeof words / 4); \
        report(name, best_of(vm, 20000000) * (per), unit); \
        t64_vm_free(vm); \
    } while (0)

/* A syscall handler at 0x2000 that steps over the instruction; the program at 0x1000 runs in user mode. */
static void measure_round_trip(void)
{
    const u32 handler[] = {word_i(INSN_CRR, T0, 0, CR_EPC), word_i(INSN_ADDI, T0, T0, 4), word_i(INSN_CRW, 0, T0, CR_EPC),
                           word_i(INSN_ERET, 0, 0, 0)};
    const u32 program[] = {word_i(INSN_SYSCALL, 0, 0, 0), word_u(INSN_JAL, 0, -1)};
    t64_vm *vm = start(program, 2);
    place(vm, 0x2000, handler, 4);
    t64_vm_set_cr(vm, CR_TVEC, 0x2000);
    t64_vm_state(vm)->status |= STATUS_MODE;
    report("syscall and back", best_of(vm, 20000000) * 5, "a round trip of 5 instructions");
    t64_vm_free(vm);
}

/* The same syscall as a monitor meets it: out of the hosted engine, and in again behind it. */
static void measure_hosted_trap(void)
{
    enum { TRAPS = 2000000 };
    const u32 program[] = {word_i(INSN_SYSCALL, 0, 0, 0), word_u(INSN_JAL, 0, -1)};
    t64_vm *vm = start(program, 2);
    struct t64_cpu *cpu = cpu_new(vm, true);
    require(cpu, "there is memory for an engine");
    vm->state.status |= STATUS_MODE;
    double before = now();
    for (u32 n = 0; n < TRAPS; n++) {
        require(cpu_run(cpu, T64_NOWHERE) == CPU_TRAP && cpu_trap(cpu)->cause == CAUSE_SYSCALL, "it traps");
        vm->state.pc += 4;
    }
    report("syscall to the monitor", (now() - before) / TRAPS, "with one more instruction");
    cpu_free(cpu);
    t64_vm_free(vm);
}

int main(void)
{
    MEASURE("addi", "an instruction", 1, word_i(INSN_ADDI, T0, T0, 1), word_i(INSN_ADDI, T1, T1, 1),
            word_i(INSN_ADDI, T2, T2, 1), word_i(INSN_ADDI, S0, S0, 1), word_u(INSN_JAL, 0, -4));
    MEASURE("mix of loads, stores, alu", "an instruction", 1, word_i(INSN_ADDI, S0, 0, 0x3000),
            word_i(INSN_LD, T0, S0, 0), word_r(INSN_ADD, T1, T1, T0), word_i(INSN_LW, T2, S0, 8),
            word_i(INSN_XORI, T2, T2, 85), word_i(INSN_SLLI, T2, T2, 3), word_i(INSN_SD, T1, S0, 16),
            word_i(INSN_ADDI, A0, A0, 1), word_i(INSN_ANDI, A1, A0, 7), word_i(INSN_BEQ, A1, 0, 2),
            word_r(INSN_MUL, T0, T0, T1), word_i(INSN_SW, T2, S0, 24), word_u(INSN_JAL, 0, -11));
    MEASURE("call and return", "an instruction", 1, word_u(INSN_JAL, 1, 3), word_u(INSN_JAL, 0, -1), 0,
            word_i(INSN_JALR, 0, 1, 0));
    MEASURE("crw imask", "an instruction", 1, word_i(INSN_CRW, 0, T0, CR_IMASK), word_i(INSN_CRW, 0, T0, CR_IMASK),
            word_i(INSN_CRW, 0, T0, CR_IMASK), word_u(INSN_JAL, 0, -3));
    MEASURE("crr epc", "an instruction", 1, word_i(INSN_CRR, T0, 0, CR_EPC), word_i(INSN_CRR, T0, 0, CR_EPC),
            word_i(INSN_CRR, T0, 0, CR_EPC), word_u(INSN_JAL, 0, -3));
    MEASURE("in clock", "an instruction", 1, word_i(INSN_IN, T0, 0, PORT_CLOCK), word_i(INSN_IN, T0, 0, PORT_CLOCK),
            word_i(INSN_IN, T0, 0, PORT_CLOCK), word_u(INSN_JAL, 0, -3));
    MEASURE("store beside code", "an instruction", 1, word_i(INSN_ADDI, S0, 0, 0x1800), word_i(INSN_SD, T0, S0, 0),
            word_i(INSN_SD, T0, S0, 8), word_i(INSN_SD, T0, S0, 16), word_u(INSN_JAL, 0, -4));
    measure_round_trip();
    measure_hosted_trap();
    return 0;
}
