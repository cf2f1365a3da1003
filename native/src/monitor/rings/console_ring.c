/* The console's ring: bytes out as far as the guest has written, bytes in as far as it wants, a line at a time. */
#include "monitor/domain/domain.h"
#include "monitor/rings/rings.h"

#define FIELD(name) offsetof(struct t64_console_ring_record, name)

static void set_field(struct t64_guest *guest, u64 offset, u64 value)
{
    guest_write(guest, (t64_gpa){guest->vm.devices.rings.console.page + offset}, &value, sizeof value);
}

/* False if the host must drain the console first. */
static bool move_out(struct t64_guest *guest, u64 written)
{
    struct t64_console_ring *ring = &guest->vm.devices.rings.console;
    const u8 *bytes = phys_at(&guest->vm.phys, (t64_gpa){ring->page + CONSOLE_OUT});
    bool all = true;
    guest->vm.work[T64_WORK_CONSOLE_BYTES] += written - ring->out_cons;
    for (; all && ring->out_cons != written; ring->out_cons += all)
        all = port_out(&guest->vm.devices, vm_time(&guest->vm) + 1, PORT_CONSOLE_OUT,
                       bytes[ring->out_cons % CONSOLE_OUT_SIZE]) != T64_STOP_OUTPUT;
    set_field(guest, FIELD(out_cons), ring->out_cons);
    return all;
}

static void put_in(struct t64_guest *guest, u8 byte)
{
    struct t64_console_ring *ring = &guest->vm.devices.rings.console;
    guest_write(guest, (t64_gpa){ring->page + RING_DATA + ring->in_prod % CONSOLE_IN_SIZE}, &byte, 1);
    set_field(guest, FIELD(in_prod), ++ring->in_prod);
}

/* `wanted` bytes at most, up to a line's end, or what there is. False if the host must bring some first. */
static bool move_in(struct t64_guest *guest, u64 wanted)
{
    for (u64 value = 0; wanted && value != '\n'; wanted--) {
        if (port_in(&guest->vm.devices, vm_time(&guest->vm), PORT_CONSOLE_IN, &value) == T64_STOP_INPUT)
            return false;
        if (value > UINT8_MAX) { /* none there, or the end */
            if ((i64)value != -1)
                set_field(guest, FIELD(in_ended), 1);
            return true;
        }
        put_in(guest, (u8)value);
    }
    return true;
}

/* All counts are looked at first. What is moved is noted at once, so that the call can be made again. */
int console_ring_look(struct t64_guest *guest)
{
    const struct t64_console_ring *ring = &guest->vm.devices.rings.console;
    struct t64_console_ring_record found;
    if (!ring->open)
        return -HYPERCALL_ERROR_INVAL;
    phys_read(&guest->vm.phys, (t64_gpa){ring->page}, &found, sizeof found);
    u64 unread = ring->in_prod - found.in_cons, wanted = found.in_wanted - found.in_cons;
    if (found.out_prod - ring->out_cons > CONSOLE_OUT_SIZE || unread > CONSOLE_IN_SIZE || wanted > CONSOLE_IN_SIZE)
        return -HYPERCALL_ERROR_INVAL;
    if (!move_out(guest, found.out_prod))
        return T64_STOP_OUTPUT;
    return move_in(guest, wanted > unread ? wanted - unread : 0) ? 0 : T64_STOP_INPUT;
}
