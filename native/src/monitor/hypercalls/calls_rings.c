/* Hypercalls about rings. */
#include "monitor/hypercalls/calls.h"
#include "monitor/rings/rings.h"

int call_ring_setup(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    guest->settles = true; /* an interrupt may be gone with the old one */
    return rings_set_up(guest, args[0], args[1]);
}

/* Time goes on from when the doorbell has retired, as with a port. */
int call_doorbell(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    guest->settles = true;
    switch (args[0]) {
    case RING_CONSOLE:
        return console_ring_look(guest);
    case RING_DISK:
        return disk_ring_look(guest, vm_time(&guest->vm) + 1);
    default:
        return -HYPERCALL_ERROR_INVAL;
    }
}
