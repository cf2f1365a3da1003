/* Hypercalls about the console: the guest's own device, a buffer at a time. */
#include "monitor/hypercalls/calls.h"
#include "monitor/hypercalls/guest_copy.h"

/* The whole buffer is looked at first: a call that fails has moved nothing. */
static int check_buffer(struct t64_guest *guest, const u64 *args, u32 rights)
{
    if (args[1] > MAXIMUM_CONSOLE_BYTES)
        return -HYPERCALL_ERROR_TOOBIG;
    host_note_work(guest->host, args[1] / PAGE_SIZE * WORK_RECORD);
    return reach_allows(guest, (t64_gva){args[0]}, args[1], rights) ? 0 : -HYPERCALL_ERROR_FAULT;
}

/* False if the console is full before the run of bytes within a page is through. */
static bool write_run(struct t64_guest *guest, t64_gva gva, u64 length)
{
    u64 *bytes = &call_progress(guest)->done;
    const u8 *from = host_bytes(guest->host, reach(guest, gva, ACCESS_LOAD));
    for (u64 i = 0; i < length; i++, ++*bytes)
        if (port_out(&guest->vm.devices, vm_time(&guest->vm) + 1, PORT_CONSOLE_OUT, from[i]) == T64_STOP_OUTPUT)
            return false;
    return true;
}

int call_console_write(struct t64_guest *guest, const u64 *args, u64 *result)
{
    u64 *bytes = &call_progress(guest)->done;
    int error = check_buffer(guest, args, ACCESS_LOAD);
    while (!error && *bytes < args[1]) {
        t64_gva gva = {args[0] + *bytes};
        u64 left = args[1] - *bytes, in_page = PAGE_SIZE - (gva.at & (PAGE_SIZE - 1));
        if (!write_run(guest, gva, left < in_page ? left : in_page))
            return T64_STOP_OUTPUT;
    }
    guest->vm.work[T64_WORK_CONSOLE_BYTES] += error ? 0 : args[1];
    *result = args[1];
    return error;
}

int call_console_read(struct t64_guest *guest, const u64 *args, u64 *result)
{
    u64 *bytes = &call_progress(guest)->done;
    int error = check_buffer(guest, args, ACCESS_STORE);
    if (error)
        return error;
    guest->settles = true; /* the console may not be pending any more */
    for (; *bytes < args[1]; ++*bytes) {
        u64 value;
        if (port_in(&guest->vm.devices, vm_time(&guest->vm), PORT_CONSOLE_IN, &value) == T64_STOP_INPUT)
            return T64_STOP_INPUT;
        u8 byte = (u8)value;
        if (value > UINT8_MAX && !*bytes && (i64)value != -1)
            return -HYPERCALL_ERROR_EOF;
        if (value > UINT8_MAX) /* none there, or the end */
            break;
        reach_write(guest, (t64_gva){args[0] + *bytes}, &byte, 1);
    }
    *result = *bytes;
    return CALL_DONE;
}
