/* The bare machine: its kernel owns the CPU and all RAM. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <stdlib.h>
#include <sys/mman.h>

#include "engine/cpu.h"
#include "machine/machine.h"
#include "machine/system.h"
#include "isa.h"

struct machine {
    struct t64_vm vm; /* first: a t64_vm of this carrier is a machine */
    struct t64_cpu *cpu;
};

static struct machine *machine_of(struct t64_vm *vm) { return (struct machine *)vm; }

static int run(struct t64_vm *vm, u64 until) { return cpu_run(machine_of(vm)->cpu, until); }

static int boot(struct t64_vm *vm, u64 entry)
{
    vm->state.pc = entry;
    return T64_OK;
}

static void destroy(struct t64_vm *vm)
{
    struct machine *machine = machine_of(vm);
    cpu_free(machine->cpu);
    ram_close(&machine->vm.phys);
    free(machine);
}

static void state_changed(struct t64_vm *vm) { cpu_flush(machine_of(vm)->cpu); }

static void memory_changed(struct t64_vm *vm, t64_gpa gpa, u64 size)
{
    cpu_memory_changed(machine_of(vm)->cpu, phys_locate(&vm->phys, gpa), size);
    cpu_flush(machine_of(vm)->cpu); /* it may have been a page table */
}

static const struct t64_vm_ops bare = {
    .run = run, .boot = boot, .free = destroy, .state_changed = state_changed, .memory_changed = memory_changed};

/* What tells of its regions stands behind it. */
static u64 mapped_for(u64 size) { return size + (size >> PHYS_REGION_SHIFT) + 1; }

bool ram_open(struct t64_phys *phys, u64 size)
{
    void *ram = mmap(NULL, mapped_for(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ram == MAP_FAILED)
        return false;
    phys->ram = ram;
    phys->ram_size = size;
    phys->touched = phys->ram + size;
    return true;
}

void ram_close(struct t64_phys *phys)
{
    if (phys->ram)
        munmap(phys->ram, mapped_for(phys->ram_size));
}

bool ram_touched(const u8 *ram, u64 size, u8 *touched)
{
    return mincore((void *)(uintptr_t)ram, size, (void *)touched) == 0;
}

bool config_is_valid(const struct t64_config *config)
{
    return config->memory >= MEMORY_MINIMUM && config->memory <= MEMORY_MAXIMUM && !(config->memory & 4095) &&
           config->level <= LEVEL_ASSIST;
}

void vm_reset(struct t64_vm *vm, const struct t64_config *config)
{
    vm->phys.size = config->memory;
#define RESET(name, NAME, writable, value, ...) vm->state.name = value;
    T64_STORED_REGISTERS(RESET)
#undef RESET
    vm->info = T64_VERSION | config->memory;
    vm->level = config->level;
    vm->options = config->options;
    vm->devices.clock_base = config->clock_base;
    vm->devices.disk.latency = config->disk_latency;
}

t64_vm *t64_machine_new(const t64_config *config)
{
    if (!config_is_valid(config))
        return NULL;
    struct machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return NULL;
    struct t64_vm *vm = &machine->vm;
    vm_reset(vm, config);
    vm->ops = &bare;
    machine->cpu = ram_open(&vm->phys, config->memory) ? cpu_new(vm, CPU_BARE) : NULL;
    if (machine->cpu)
        return vm;
    destroy(vm);
    return NULL;
}

t64_recompiler *t64_machine_recompile(t64_vm *vm, const t64_recompiler_config *config)
{
    return cpu_recompile(machine_of(vm)->cpu, config);
}
