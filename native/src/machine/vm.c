/* The public functions that are the same for a machine and a guest. */
#include <stdlib.h>
#include <string.h>

#include "machine/system.h"
#include "isa.h"

void t64_vm_free(t64_vm *vm)
{
    if (!vm)
        return;
    free(vm->modelled_tlb);
    free(vm->stopwatch);
    vm->ops->free(vm);
}

int t64_vm_boot(t64_vm *vm, uint64_t entry)
{
    modelled_flush(vm->modelled_tlb);
    return vm->ops->boot(vm, entry);
}

static int run(struct t64_vm *vm, u64 until)
{
    int stop = vm->ops->run(vm, until);
    devices_advance(&vm->devices, vm_time(vm)); /* what is due at this boundary is done before anybody looks */
    return stop;
}

static int run_to_write(struct t64_vm *vm, u64 until)
{
    int stop = T64_STOP_LIMIT;
    while (stop == T64_STOP_LIMIT && vm->state.retired < until && vm->devices.disk.written < vm->stop_after)
        stop = run(vm, vm->state.retired + 1);
    return stop;
}

int t64_vm_run(t64_vm *vm, uint64_t until)
{
    if (vm->halted)
        return vm->halted_as;
    vm->stop = (struct t64_stop_info){.fault = T64_FAULT_NONE};
    vm->yielded = false;
    return vm->stop_after ? run_to_write(vm, until) : run(vm, until);
}

const t64_stop_info *t64_vm_stop_info(t64_vm *vm) { return &vm->stop; }

uint32_t t64_vm_halted(t64_vm *vm) { return vm->halted; }

t64_state *t64_vm_state(t64_vm *vm) { return &vm->state; }

int t64_vm_cr(t64_vm *vm, uint32_t number, uint64_t *value)
{
    return system_read_cr(vm, number, value) ? T64_OK : T64_ERROR_VALUE;
}

int t64_vm_set_cr(t64_vm *vm, uint32_t number, uint64_t value)
{
    if (!system_write_cr(vm, number, value))
        return T64_ERROR_VALUE;
    vm->ops->state_changed(vm);
    return T64_OK;
}

uint64_t t64_vm_memory(t64_vm *vm) { return vm->phys.size; }

int t64_vm_read(t64_vm *vm, uint64_t gpa, uint8_t *buffer, uint64_t size)
{
    return phys_read(&vm->phys, (t64_gpa){gpa}, buffer, size) ? T64_OK : T64_ERROR_RANGE;
}

int t64_vm_write(t64_vm *vm, uint64_t gpa, const uint8_t *buffer, uint64_t size)
{
    if (!phys_holds(&vm->phys, (t64_gpa){gpa}, size))
        return T64_ERROR_RANGE;
    if (!phys_write(&vm->phys, (t64_gpa){gpa}, buffer, size))
        return T64_ERROR_HOLE;
    while (size) { /* page by page: a guest's pages lie apart */
        u64 run = 4096 - (gpa & 4095) < size ? 4096 - (gpa & 4095) : size;
        vm->ops->memory_changed(vm, (t64_gpa){gpa}, run);
        gpa += run;
        size -= run;
    }
    return T64_OK;
}

static bool page_is_zero(const u8 *page)
{
    u64 bits = 0, word;
    for (u32 at = 0; at < 4096; at += 64) {
        for (u32 n = 0; n < 64; n += 8) {
            memcpy(&word, page + at + n, 8);
            bits |= word;
        }
        if (bits)
            return false;
    }
    return true;
}

uint64_t t64_vm_next_page(t64_vm *vm, uint64_t page)
{
    page = phys_next_touched(&vm->phys, page);
    while (page != T64_NOWHERE && page_is_zero(phys_at(&vm->phys, (t64_gpa){page << 12})))
        page = phys_next_touched(&vm->phys, page + 1);
    return page;
}

u64 vm_translate(struct t64_vm *vm, t64_gva gva, u32 rights)
{
    struct t64_walk found = walk(&vm->phys, vm->state.ptbr, gva, rights, vm_in_user_mode(vm));
    return found.result == WALK_OK ? found.gpa.at : T64_NOWHERE;
}

uint64_t t64_vm_translate(t64_vm *vm, uint64_t gva, uint32_t rights)
{
    if (rights >> 3)
        return T64_NOWHERE;
    return (vm->ops->translate ? vm->ops->translate : vm_translate)(vm, (t64_gva){gva}, rights << 1);
}

uint64_t t64_vm_output(t64_vm *vm, uint8_t *buffer, uint64_t size)
{
    struct t64_console *console = &vm->devices.console;
    u64 taken = console->output_used < size ? console->output_used : size;
    memcpy(buffer, console->output, taken);
    memmove(console->output, console->output + taken, console->output_used - taken);
    console->output_used -= (u32)taken;
    return taken;
}

int t64_vm_input(t64_vm *vm, const uint8_t *buffer, uint64_t size)
{
    struct t64_console *console = &vm->devices.console;
    u64 taken = 0;
    for (; taken < size && console->input_used < CONSOLE_INPUT_SIZE; taken++)
        console->input[(console->input_head + console->input_used++) % CONSOLE_INPUT_SIZE] = buffer[taken];
    return (int)taken;
}

void t64_vm_input_end(t64_vm *vm) { vm->devices.console.ended = true; }

void t64_vm_input_mode(t64_vm *vm, uint32_t mode) { vm->devices.console.live = mode == T64_INPUT_LIVE; }

void t64_vm_yields(t64_vm *vm, uint32_t yields) { vm->yields = yields; }

void t64_vm_skip(t64_vm *vm) { vm->skip_allowed = true; }

t64_instant t64_vm_next_event(t64_vm *vm)
{
    return vm->ops->next_event ? vm->ops->next_event(vm) : system_next_wake(vm);
}

int t64_vm_disk(t64_vm *vm, uint8_t *data, uint64_t sectors, uint32_t writable)
{
    struct t64_disk *disk = &vm->devices.disk;
    if (!data != !sectors)
        return T64_ERROR_VALUE;
    *disk = (struct t64_disk){.data = data, .sectors = sectors, .writable = writable, .latency = disk->latency};
    return T64_OK;
}

int t64_vm_disk_cache(t64_vm *vm, t64_disk_write *writes)
{
    struct t64_disk *disk = &vm->devices.disk;
    if (!disk->data)
        return T64_ERROR_VALUE;
    disk->writes = writes;
    disk->cache = DISK_CACHE_WRITES;
    return T64_OK;
}

const t64_disk_write *t64_vm_disk_waiting(t64_vm *vm, uint64_t number)
{
    const struct t64_disk *disk = &vm->devices.disk;
    return number < disk->waiting ? disk_waiting(disk, number) : NULL;
}

uint64_t t64_vm_disk_writes(t64_vm *vm) { return vm->devices.disk.written; }

void t64_vm_stop_after_writes(t64_vm *vm, uint64_t writes) { vm->stop_after = writes; }

void t64_vm_disk_marks(t64_vm *vm, uint8_t *marks) { vm->devices.disk.marks = marks; }

void t64_vm_disk_parts(t64_vm *vm, const uint8_t *parts) { vm->devices.disk.parts = parts; }

uint32_t t64_vm_disk_dirty(t64_vm *vm) { return vm->devices.disk.dirty; }

const uint64_t *t64_vm_work(t64_vm *vm) { return vm->work; }

const uint64_t *t64_vm_exits(t64_vm *vm) { return vm->exits; }

const uint64_t *t64_vm_calls(t64_vm *vm) { return vm->calls; }

const uint64_t *t64_vm_operands(t64_vm *vm, uint32_t reason) { return reason < T64_NAMING_MAX ? vm->operands[reason] : NULL; }

const t64_exit *t64_vm_exit(t64_vm *vm) { return &vm->exit; }

void t64_vm_observe(t64_vm *vm, uint64_t reasons) { vm->observed = reasons; }
