/* The CPU: looks at limits, interrupts and the page of pc, lets the interpreter run, raises what it reports. */
#include <stdlib.h>

#include "engine/access.h"
#include "engine/interpreter/interpreter.h"
#include "engine/recompiler/recompiler.h"
#include "isa.h"

#define LOOKS_A_LOOK 16 /* so often the loop goes round before the recompiler looks */

static struct t64_cpu *new_engine(enum t64_cpu_use use)
{
    struct t64_cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu)
        return NULL;
    cpu->use = use;
    cpu->leaving[1] = use == CPU_HOSTED ? T64_NOWHERE : 0;
    tlb_clear(&cpu->tlbs);
    nested_clear(&cpu->nested);
    interpret_fast(cpu, NULL, 0);
    return cpu;
}

static void share_code(struct t64_cpu *cpu, struct code_cache *code)
{
    cpu->code = code;
    cpu->tlbs.next = code->engines;
    cpu->tlbs.epochs = &code->epochs;
    tlb_begin_epoch(&cpu->tlbs);
    code->engines = &cpu->tlbs;
}

struct t64_cpu *cpu_new(struct t64_vm *vm, enum t64_cpu_use use)
{
    struct t64_cpu *cpu = new_engine(use);
    if (!cpu)
        return NULL;
    cpu->vm = vm;
    bool opened = code_open(&cpu->own_code, cpu->handlers);
    share_code(cpu, &cpu->own_code);
    if (opened)
        return cpu;
    cpu_free(cpu);
    return NULL;
}

struct t64_cpu *cpu_new_beside(struct t64_cpu *first, enum t64_cpu_use use)
{
    struct t64_cpu *cpu = new_engine(use);
    if (cpu)
        share_code(cpu, first->code);
    return cpu;
}

void cpu_carry(struct t64_cpu *cpu, struct t64_vm *vm)
{
    if (cpu->vm == vm)
        return;
    cpu->vm = vm;
    cpu_flush(cpu);
}

void cpu_free(struct t64_cpu *cpu)
{
    if (!cpu)
        return;
    if (cpu->code == &cpu->own_code)
        code_close(cpu->code);
    free(cpu);
}

/* Take the trap in cpu->trap at state.pc. True: handled, go on; false: `*event` ends the run. */
static bool raise_trap(struct t64_cpu *cpu, int *event)
{
    struct t64_vm *vm = cpu->vm;
    u64 cause = cpu->trap.cause;
    if (leaves(cpu, vm_in_user_mode(vm), cause >> 63 ? GUEST_EXIT_INTERRUPT : cause)) {
        *event = CPU_TRAP;
        return false;
    }
    *event = T64_STOP_FAULT;
    return system_enter_trap(vm, cpu->trap.cause, vm->state.pc, cpu->trap.tval);
}

static inline enum leave choose_interpreter(struct t64_cpu *cpu, struct code_page *page, u64 left)
{
    if (T64_UNLIKELY(cpu->vm->modelled_tlb != NULL))
        return interpret_watched(cpu, page, left);
    u64 to_page_end = CODE_ENTRIES - (cpu->vm->state.pc & 4095) / 4;
    if (left >= to_page_end)
        return interpret_fast(cpu, page, left);
    if (cpu->code->recompiler && recompiler_run(cpu, page, left))
        return LEAVE_LOOK;
    return interpret_exact(cpu, page, left);
}

/* What is before and behind it are laps. */
static T64_COLD enum leave interpret_between_laps(struct t64_cpu *cpu, struct code_page *page, u64 left)
{
    lap_ends(cpu->vm->stopwatch);
    enum leave why = choose_interpreter(cpu, page, left);
    lap_begins(cpu->vm->stopwatch, T64_LAP_LOOKS);
    return why;
}

static inline enum leave interpret(struct t64_cpu *cpu, struct code_page *page, u64 left)
{
    return T64_UNLIKELY(cpu->vm->stopwatch != NULL) ? interpret_between_laps(cpu, page, left) : choose_interpreter(cpu, page, left);
}

/* The page of pc, as the soft TLB has it or a walk finds it; 0 or the cause. */
static inline u64 find_page(struct t64_cpu *cpu, u64 pc, struct code_page **page)
{
    const struct tlb_fetch *entry = &cpu->tlbs.mode[vm_in_user_mode(cpu->vm)].fetch[tlb_slot(pc)];
    if (T64_UNLIKELY(entry->tag != (pc & ~(u64)4095) || pc & 3))
        return access_fetch(cpu, pc, page);
    *page = entry->page;
    return 0;
}

static int event_of(enum leave why)
{
    switch (why) {
    case LEAVE_LOOK: return T64_STOP_YIELD;
    case LEAVE_SERVED: return CPU_SERVED;
    case LEAVE_USER: return CPU_USER;
    case LEAVE_SPIN: return CPU_SPIN;
    default: return (int)why - LEAVE_STOP;
    }
}

int cpu_run(struct t64_cpu *cpu, u64 until)
{
    struct t64_vm *vm = cpu->vm;
    cpu->until = until;
    while (vm->state.retired < cpu->until) {
        if (cpu->use == CPU_KERNEL_ONLY && vm_in_user_mode(vm))
            return CPU_USER;
        if (cpu->code->recompiler && cpu->looks++ % LOOKS_A_LOOK == 0)
            recompiler_look(cpu);
        int event;
        enum leave why = LEAVE_TRAP;
        struct code_page *page;
        cpu->trap = (struct t64_trap){find_interrupt(vm), 0};
        if (!cpu->trap.cause) {
            cpu->trap = (struct t64_trap){find_page(cpu, vm->state.pc, &page), vm->state.pc};
            if (!cpu->trap.cause)
                why = interpret(cpu, page, budget(cpu));
        }
        if (why == LEAVE_LOOK && !vm->yielded)
            continue;
        if (why != LEAVE_TRAP)
            return event_of(why);
        if (!raise_trap(cpu, &event))
            return event;
    }
    return T64_STOP_LIMIT;
}

t64_recompiler *cpu_recompile(struct t64_cpu *cpu, const t64_recompiler_config *config)
{
    return cpu->code->recompiler ? cpu->code->recompiler : recompiler_new(cpu->code, config);
}

void cpu_set_gate(struct t64_cpu *cpu, t64_gate *gate, void *monitor)
{
    cpu->gate = gate;
    cpu->monitor = monitor;
}

const struct t64_trap *cpu_trap(const struct t64_cpu *cpu) { return &cpu->trap; }

void cpu_flush(struct t64_cpu *cpu)
{
    forget_translations(cpu);
    if (T64_UNLIKELY(cpu->nested.filled))
        nested_clear(&cpu->nested);
}

void cpu_flush_page(struct t64_cpu *cpu, t64_gva page)
{
    cpu->flushes++;
    tlb_flush_page(&cpu->tlbs, page);
}

u64 cpu_flushes(const struct t64_cpu *cpu) { return cpu->flushes; }

void cpu_memory_changed(struct t64_cpu *cpu, t64_hpa hpa, u64 size) { code_changed(cpu->code, hpa, size); }
