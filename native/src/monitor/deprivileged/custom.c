/* The technique `custom`: a monitor in the host program. Each exit ends the run, and what the program makes of it, it does by
 * the mechanisms here: those that the techniques in C use. It is trusted with its guest, and with nobody else's frames. */
#include "monitor/deprivileged/accesses.h"
#include "monitor/deprivileged/trap.h"

#include <stdlib.h>
#include <string.h>

/* How the next run enters the guest. */
struct custom {
    u32 space;
    struct t64_instant alarm;
};

/* In no order of tables that the guest might have: by address alone. */
static bool custom_open(struct t64_guest *guest)
{
    guest->custom = calloc(1, sizeof *guest->custom);
    return guest->custom && shadow_open(&guest->shadow, guest->host, &guest->vm, false);
}

static void custom_close(struct t64_guest *guest)
{
    trap_close(guest);
    free(guest->custom);
}

static int custom_boot(struct t64_guest *guest, u64 entry)
{
    guest->vm.state.pc = entry;
    shadow_forget(&guest->shadow);
    return T64_OK;
}

static void custom_state_changed(struct t64_guest *guest) { shadow_forget(&guest->shadow); }

static void custom_memory_changed(struct t64_guest *guest, t64_gpa gpa, u64 size)
{
    (void)size;
    shadow_memory_changed(&guest->shadow, (u32)(gpa.at >> FRAME_SHIFT));
}

/* As t64_custom_enter had it. */
static int custom_resume(struct t64_guest *guest)
{
    hardware_state(guest)->pc = guest->vm.state.pc;
    host_use_root(guest->host, shadow_root(&guest->shadow, guest->custom->space));
    guest_set_alarm(guest, guest->custom->alarm);
    return OUTCOME_RESUME;
}

static int ask(struct t64_guest *guest)
{
    (void)guest;
    return T64_STOP_OBSERVED;
}

static int (*const custom_handlers[EXIT_COUNT])(struct t64_guest *guest) = {[0 ... EXIT_COUNT - 1] = ask};

const struct technique technique_custom = {
    .open = custom_open,
    .close = custom_close,
    .boot = custom_boot,
    .enter = trap_nothing,
    .leave = trap_nothing,
    .settle = custom_resume,
    .go = guest_go_in_user_mode,
    .resume = custom_resume,
    .state_changed = custom_state_changed,
    .memory_changed = custom_memory_changed,
    .root = trap_root,
    .reason = trap_reasons,
    .handle = custom_handlers,
};

/* The mechanisms. NULL: the guest is not of this technique. */

static struct t64_guest *custom_of(t64_vm *vm)
{
    if (vm->kind != 1 + T64_CUSTOM)
        return NULL;
    guest_serve(guest_of(vm));
    return guest_of(vm);
}

int t64_custom_enter(t64_vm *vm, uint32_t space, t64_instant alarm)
{
    struct t64_guest *guest = custom_of(vm);
    if (!guest || space >= SHADOW_MODES)
        return T64_ERROR_VALUE;
    guest->custom->space = space;
    guest->custom->alarm = alarm;
    return T64_OK;
}

int t64_custom_emulate(t64_vm *vm, uint32_t word, t64_emulation *emulation)
{
    struct t64_guest *guest = custom_of(vm);
    if (!guest)
        return T64_ERROR_VALUE;
    vm->yielded = false;
    struct t64_outcome outcome = system_execute(vm, vm->state.x, word);
    *emulation = (t64_emulation){outcome.effect, vm->yielded, outcome.cause, outcome.tval, outcome.page.at};
    if (guest_comes_again(guest_outcome_of_effect(outcome.effect)) && vm->exits[guest->exit.reason])
        guest_count_exit(guest, (u32)guest->exit.trap.tval, -1);
    return T64_OK;
}

int t64_custom_trap(t64_vm *vm, uint64_t cause, uint64_t tval)
{
    if (!custom_of(vm))
        return T64_ERROR_VALUE;
    system_enter_trap(vm, cause, vm->state.pc, tval);
    return T64_OK;
}

uint64_t t64_custom_interrupt(t64_vm *vm) { return custom_of(vm) ? system_let_in(vm) : 0; }

t64_instant t64_custom_next_event(t64_vm *vm) { return custom_of(vm) ? system_next_event(vm) : T64_NEVER; }

/* A jal that links does so in the registers that the hardware has. */
int t64_custom_spin(t64_vm *vm)
{
    struct t64_guest *guest = custom_of(vm);
    if (!guest || guest->exit.event != CPU_SPIN)
        return T64_ERROR_VALUE;
    if (!vm_interrupts_enabled(vm)) {
        guest_fault(guest, T64_FAULT_STUCK, 0, 0);
        return T64_OK;
    }
    memcpy(hardware_state(guest)->x, vm->state.x, sizeof vm->state.x);
    guest_spin(guest, system_next_event(vm));
    memcpy(vm->state.x, hardware_state(guest)->x, sizeof vm->state.x);
    return T64_OK;
}

static const u64 access_faults[] = {
    [ACCESS_LOAD] = CAUSE_LOAD_ACCESS_FAULT, [ACCESS_STORE] = CAUSE_STORE_ACCESS_FAULT, [ACCESS_FETCH] = CAUSE_FETCH_ACCESS_FAULT};
static const u64 page_faults[] = {
    [ACCESS_LOAD] = CAUSE_LOAD_PAGE_FAULT, [ACCESS_STORE] = CAUSE_STORE_PAGE_FAULT, [ACCESS_FETCH] = CAUSE_FETCH_PAGE_FAULT};

static u64 rights_of(struct t64_guest *guest, const struct t64_walk *found, u32 access, bool marks)
{
    if (found->entry_at.at == T64_NOWHERE)
        return PTE_R | PTE_W | PTE_X;
    return shadow_rights(marks ? guest_mark(guest, found, access) : found->entry);
}

int t64_custom_walk(t64_vm *vm, uint64_t gva, uint32_t access, uint32_t marks, t64_mapping *mapping)
{
    struct t64_guest *guest = custom_of(vm);
    if (!guest || (access != ACCESS_LOAD && access != ACCESS_STORE && access != ACCESS_FETCH))
        return T64_ERROR_VALUE;
    struct t64_walk found = walk(&vm->phys, vm->state.ptbr, (t64_gva){gva}, access, vm_in_user_mode(vm));
    *mapping = (t64_mapping){.gpa = found.gpa.at, .hpa = T64_NOWHERE};
    if (found.result == WALK_OK) {
        mapping->hpa = phys_locate(&vm->phys, found.gpa).at;
        mapping->rights = rights_of(guest, &found, access, marks);
    } else {
        mapping->cause = found.result == WALK_PAGE_FAULT ? page_faults[access] : access_faults[access];
    }
    return T64_OK;
}

static bool owns(const struct t64_guest *guest, u64 hpa)
{
    u64 frame = hpa >> FRAME_SHIFT;
    return frame < guest->host->frames.total && guest->host->frames.all[frame].owner == guest->owner;
}

int t64_custom_map(t64_vm *vm, uint32_t space, uint64_t gva, uint64_t hpa, uint64_t rights)
{
    struct t64_guest *guest = custom_of(vm);
    if (!guest || space >= SHADOW_MODES || rights & ~(u64)(PTE_R | PTE_W | PTE_X))
        return T64_ERROR_VALUE;
    if (!owns(guest, hpa))
        return T64_ERROR_RANGE;
    u32 frame = (u32)(hpa >> FRAME_SHIFT);
    struct t64_walk found = walk(&vm->phys, vm->state.ptbr, (t64_gva){gva}, 0, false); /* for the level of the guest's leaf */
    struct shadow_leaf leaf = {{gva}, space, guest->host->frames.all[frame].page, frame, rights, found.level};
    shadow_map(&guest->shadow, &leaf);
    return T64_OK;
}

int t64_custom_flush(t64_vm *vm)
{
    if (!custom_of(vm))
        return T64_ERROR_VALUE;
    shadow_flush(&guest_of(vm)->shadow);
    return T64_OK;
}

int t64_custom_flush_page(t64_vm *vm, uint64_t gva)
{
    if (!custom_of(vm))
        return T64_ERROR_VALUE;
    shadow_flush_page(&guest_of(vm)->shadow, (t64_gva){gva});
    return T64_OK;
}
