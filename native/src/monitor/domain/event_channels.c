/* Event channels: pending bits, and what becomes of a channel whose other end goes. */
#include "monitor/domain/event_channels.h"

#include "monitor/domain/domain.h"

static void set_pending(struct t64_guest *guest, u32 port)
{
    *domain_shared(guest, SHARED_EVENT_PENDING) |= (u64)1 << port;
}

void events_raise_virqs(struct t64_guest *guest, u64 interrupts)
{
    for (u32 virq = 0; virq < VIRQ_COUNT; virq++)
        if (interrupts >> virq & 1 && guest->domain->virq_ports[virq])
            set_pending(guest, guest->domain->virq_ports[virq]);
}

u64 events_sources(const struct t64_guest *guest)
{
    u64 sources = 0, mask = *domain_shared(guest, SHARED_EVENT_MASK);
    for (u32 virq = 0; virq < VIRQ_COUNT; virq++) {
        u32 port = guest->domain->virq_ports[virq];
        if (port && !(mask >> port & 1))
            sources |= (u64)1 << virq;
    }
    return sources;
}

int events_send(struct t64_guest *guest, u32 port)
{
    const struct event_channel *channel = &guest->domain->channels[port];
    switch (channel->state) {
    case EVENT_FREE:
        return -HYPERCALL_ERROR_NOENT;
    case EVENT_UNBOUND:
        return -HYPERCALL_ERROR_NOTCONN;
    case EVENT_VIRQ:
        return -HYPERCALL_ERROR_INVAL;
    case EVENT_INTERDOMAIN:
        break;
    }
    set_pending(channel->peer, channel->port);
    if (channel->peer == guest)
        guest->settles = true;
    else
        domain_tell(channel->peer);
    return 0;
}

/* The other end waits for the same domain again. */
static void leave_peer(struct t64_guest *guest, const struct event_channel *channel)
{
    channel->peer->domain->channels[channel->port] =
        (struct event_channel){.state = EVENT_UNBOUND, .domain = guest_id(guest)};
}

void events_close(struct t64_guest *guest, u32 port)
{
    struct event_channel *channel = &guest->domain->channels[port];
    if (channel->state == EVENT_INTERDOMAIN)
        leave_peer(guest, channel);
    if (channel->state == EVENT_VIRQ)
        guest->domain->virq_ports[channel->port] = 0;
    *channel = (struct event_channel){.state = EVENT_FREE};
}

void events_close_all(struct t64_guest *guest)
{
    for (u32 port = 1; port < EVENT_PORTS; port++)
        events_close(guest, port);
}
