/* Hypercalls about event channels. */
#include "monitor/hypercalls/calls.h"
#include "monitor/hypercalls/guest_copy.h"

static bool is_port(u64 port) { return port > 0 && port < EVENT_PORTS; }

/* 0 if there is none. */
static u32 free_port(const struct t64_guest *guest)
{
    for (u32 port = 1; port < EVENT_PORTS; port++)
        if (guest->domain->channels[port].state == EVENT_FREE)
            return port;
    return 0;
}

/* The domain that an argument names, 0 being the caller; NULL if there is none that has event channels. */
static struct t64_guest *domain_of(struct t64_guest *guest, u64 id)
{
    struct t64_guest *other = id ? guest_of_domain(guest->host, id) : guest;
    return other && other->domain ? other : NULL;
}

int call_event_alloc_unbound(struct t64_guest *guest, const u64 *args, u64 *result)
{
    struct t64_guest *other = domain_of(guest, args[0]);
    u32 port = free_port(guest);
    if (!other)
        return -HYPERCALL_ERROR_NOENT;
    if (!port)
        return -HYPERCALL_ERROR_NOMEM;
    guest->domain->channels[port] = (struct event_channel){.state = EVENT_UNBOUND, .domain = guest_id(other)};
    *result = port;
    return CALL_DONE;
}

/* The new port is found before the other end changes: on the caller's own side both may be the same table. */
int call_event_bind_interdomain(struct t64_guest *guest, const u64 *args, u64 *result)
{
    struct t64_guest *other = domain_of(guest, args[0]);
    u32 port = free_port(guest);
    if (!other || !is_port(args[1]))
        return -HYPERCALL_ERROR_NOENT;
    struct event_channel *end = &other->domain->channels[args[1]];
    if (end->state != EVENT_UNBOUND || end->domain != guest_id(guest))
        return -HYPERCALL_ERROR_NOENT;
    if (!port)
        return -HYPERCALL_ERROR_NOMEM;
    *end = (struct event_channel){.state = EVENT_INTERDOMAIN, .peer = guest, .port = port};
    guest->domain->channels[port] =
        (struct event_channel){.state = EVENT_INTERDOMAIN, .peer = other, .port = (u32)args[1]};
    *result = port;
    return CALL_DONE;
}

int call_event_bind_virq(struct t64_guest *guest, const u64 *args, u64 *result)
{
    u32 port = free_port(guest);
    if (args[0] >= VIRQ_COUNT || args[0] == EVENT_INTERRUPT)
        return -HYPERCALL_ERROR_INVAL;
    if (guest->domain->virq_ports[args[0]])
        return -HYPERCALL_ERROR_BUSY;
    if (!port)
        return -HYPERCALL_ERROR_NOMEM;
    guest->domain->channels[port] = (struct event_channel){.state = EVENT_VIRQ, .port = (u32)args[0]};
    guest->domain->virq_ports[args[0]] = port;
    guest->domain->pending &= ~((u64)1 << args[0]); /* what is pending already rises anew */
    guest->settles = true;
    *result = port;
    return CALL_DONE;
}

int call_event_send(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    return is_port(args[0]) ? events_send(guest, (u32)args[0]) : -HYPERCALL_ERROR_NOENT;
}

int call_event_close(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    if (!is_port(args[0]) || guest->domain->channels[args[0]].state == EVENT_FREE)
        return -HYPERCALL_ERROR_NOENT;
    events_close(guest, (u32)args[0]);
    *domain_shared(guest, SHARED_EVENT_PENDING) &= ~((u64)1 << args[0]);
    guest->settles = true;
    return 0;
}

int call_event_status(struct t64_guest *guest, const u64 *args, u64 *result)
{
    (void)result;
    if (!is_port(args[0]))
        return -HYPERCALL_ERROR_NOENT;
    const struct event_channel *channel = &guest->domain->channels[args[0]];
    struct t64_channel_record record = {
        .state = channel->state,
        .domain = channel->peer ? guest_id(channel->peer) : channel->domain,
        .port = channel->port,
    };
    bool told = args[1] % sizeof(u64) == 0 && reach_write(guest, (t64_gva){args[1]}, &record, sizeof record);
    return told ? 0 : -HYPERCALL_ERROR_FAULT;
}
