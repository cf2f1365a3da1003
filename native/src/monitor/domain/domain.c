/* What a domain waits for, and how the hardware walks its tables. */
#include "monitor/domain/domain.h"

u64 domain_awaited(const struct t64_guest *guest, u64 imask)
{
    u64 sources = imask & IPEND_EVENT ? events_sources(guest) & ~guest->domain->pending : 0;
    return (imask & ~IPEND_EVENT) | sources;
}

struct t64_walk domain_walk(struct t64_guest *guest, t64_gva gva, u32 rights)
{
    struct t64_host *host = guest->host;
    u64 ptbr = frame_address(guest->domain->roots[domain_mode(guest)]).at | PTBR_ENABLE;
    return walk(&host->hardware.phys, ptbr, gva, rights, true);
}
