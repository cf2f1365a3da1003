"""The world of event channels: two domains bind, send, mask, listen and close."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, NamedTuple

from toyvm.hypercalls import EVENT_INTERRUPT, EVENT_PORTS, SHARED_CONTROL, SHARED_MORE, VIRTUAL_INTERRUPTS
from toyvm.verify.worlds.domains import REFUSED, SHARED, DomainWorld, Expected
from toyvm.verify.worlds.world import Action, Place, Result, Watch

_PORTS = (1, 2)  # that actions name
_PENDING, _MASK = SHARED_MORE["event_pending"][0], SHARED_MORE["event_mask"][0]


class _Channel(NamedTuple):
    """Free, unbound for a domain, bound to a domain's port, or to a virtual interrupt."""

    kind: str = "free"
    domain: int = 0
    port: int = 0


_FREE = _Channel()


class _Domain(NamedTuple):
    channels: tuple[_Channel, ...] = (_FREE,) * EVENT_PORTS
    pending: int = 0
    mask: int = 0
    listens: bool = False  # interrupts are on
    news: bool = False  # the monitor has to look at what is pending before the domain goes on
    is_gone: bool = False

    @property
    def is_due(self) -> bool:
        return self.listens and bool(self.pending & ~self.mask)


_State = tuple[_Domain, _Domain]


class EventsWorld(DomainWorld):
    """Two domains. A send sets one bit, of the other end; what is masked raises nothing."""

    name: ClassVar[str] = "events"
    beginnings: ClassVar[tuple[tuple[str, ...], ...]] = ((), ("A offers", "B binds 1"))
    domains: ClassVar[int] = 2

    def make_actions(self) -> None:
        ids = [guest.id for guest in self.guests[:2]]
        add = self.add
        for me, other in ((0, 1), (1, 0)):
            name = "AB"[me]
            alloc = self.call(f"{name} offers", "event_alloc_unbound", ids[other], domain=me)
            add(alloc, "alloc", other)
            for port in _PORTS:
                bind = self.call(f"{name} binds {port}", "event_bind_interdomain", ids[other], port, domain=me)
                add(bind, "bind", port)
                add(self.call(f"{name} sends {port}", "event_send", port, domain=me), "send", port)
            add(self.call(f"{name} closes 1", "event_close", 1, domain=me), "close", 1)
            add(self.store(f"{name} masks 1", SHARED["event_mask"], 2, domain=me), "mask", 2)
            add(self.store(f"{name} masks nothing", SHARED["event_mask"], 0, domain=me), "mask", 0)
            add(self.store(f"{name} clears", SHARED["event_pending"], 0, domain=me), "clear")
            add(self.listen(f"{name} listens", domain=me), "listen")
            add(self.listen(f"{name} listens on", domain=me, on=True), "listen on")
            add(self.reload(f"{name} is reloaded", me), "reload")
            add(self.end(f"{name} ends", me), "ends")
            add(self.wait(f"{name} goes on", 1, domain=me), "pass")
        add(self.call("A offers itself", "event_alloc_unbound", ids[0]), "alloc", 0)
        virq = VIRTUAL_INTERRUPTS["timer"]
        add(self.call("A binds the timer", "event_bind_virq", virq), "virq", virq)
        add(self.call("A binds the event", "event_bind_virq", EVENT_INTERRUPT), "refused", REFUSED["inval"])
        add(self.call("A sends 0", "event_send", 0), "refused", REFUSED["noent"])
        add(self.call("A sends 64", "event_send", EVENT_PORTS), "refused", REFUSED["noent"])
        add(self.call("A offers to nobody", "event_alloc_unbound", 1000), "refused", REFUSED["noent"])

    def preparing(self) -> Sequence[Action]:
        return [self.store("lets events in", SHARED["imask"], 1 << EVENT_INTERRUPT, domain=n) for n in range(2)]

    def watches(self) -> tuple[Watch, ...]:
        return tuple(
            Watch(domain, at, Place.SHARED_PAGE)
            for domain in range(2)
            for at in (_PENDING, _MASK, SHARED_CONTROL["status"])
        )

    def start(self) -> Hashable:
        return _Domain(), _Domain()

    def expect(self, state: Hashable, action: int, result: Result) -> Expected:
        assert isinstance(state, tuple)
        domains = list(state)
        kind, facts = self.meanings[action]
        me = self.actions[action].guest
        if domains[me].is_gone:
            return Expected(state, is_gone=True)
        if kind in ("reload", "ends"):
            self._unbind(domains, me, is_gone=kind == "ends")
            return Expected(tuple(domains), is_gone=kind == "ends")
        news = domains[me].news
        domains[me] = domains[me]._replace(news=False)
        a0: int | None = None
        trapped = news and domains[me].is_due
        if kind == "refused" and not trapped:
            a0 = facts[0]
        elif kind in ("listen", "listen on") and not trapped:
            domains[me] = domains[me]._replace(listens=True)
            trapped = domains[me].is_due
            domains[me] = domains[me]._replace(listens=kind == "listen on")
        elif not trapped:
            a0 = self._act(domains, kind, me, facts)
        if trapped:
            domains[me] = domains[me]._replace(listens=False)
        words = [None if domain.is_gone else word for domain in domains for word in (domain.pending, domain.mask, None)]
        return Expected(tuple(domains), a0, tuple(words), trapped)

    def _act(self, domains: list[_Domain], kind: str, me: int, facts: tuple[int, ...]) -> int | None:
        mine, peer = domains[me], domains[1 - me]
        match kind:
            case "alloc":
                if domains[facts[0]].is_gone:
                    return REFUSED["noent"]
                return self._open(domains, me, _Channel("unbound", facts[0]))
            case "bind":
                end = peer.channels[facts[0]]
                if peer.is_gone or end != _Channel("unbound", me):
                    return REFUSED["noent"]
                port = self._open(domains, me, _Channel("bound", 1 - me, facts[0]))
                domains[1 - me] = _with(peer, facts[0], _Channel("bound", me, port))
                return port
            case "virq":
                if _Channel("virq", port=facts[0]) in mine.channels:
                    return REFUSED["busy"]
                domains[me] = mine._replace(news=True)
                return self._open(domains, me, _Channel("virq", port=facts[0]))
            case "send":
                channel = mine.channels[facts[0]]
                if channel.kind != "bound":
                    return REFUSED[{"free": "noent", "unbound": "notconn", "virq": "inval"}[channel.kind]]
                domains[1 - me] = peer._replace(pending=peer.pending | 1 << channel.port, news=True)
                return 0
            case "close":
                return self._close(domains, me, facts[0])
            case "mask":
                domains[me] = mine._replace(mask=facts[0])
            case "clear":
                domains[me] = mine._replace(pending=0)
        return None

    def _open(self, domains: list[_Domain], me: int, channel: _Channel) -> int:
        port = domains[me].channels.index(_FREE, 1)
        domains[me] = _with(domains[me], port, channel)
        return port

    def _unbind(self, domains: list[_Domain], me: int, *, is_gone: bool) -> None:
        """All channels of a domain that ends, or is loaded; those of virtual interrupts are its own affair."""
        for port, channel in enumerate(domains[me].channels):
            if channel.kind == "bound":
                domains[1 - me] = _with(domains[1 - me], channel.port, _Channel("unbound", me))
            if channel.kind != "virq":
                domains[me] = _with(domains[me], port, _FREE)
        domains[me] = _Domain(is_gone=True) if is_gone else domains[me]

    def _close(self, domains: list[_Domain], me: int, port: int) -> int:
        channel = domains[me].channels[port]
        if channel == _FREE:
            return REFUSED["noent"]
        if channel.kind == "bound":
            domains[1 - me] = _with(domains[1 - me], channel.port, _Channel("unbound", me))
        mine = _with(domains[me], port, _FREE)
        domains[me] = mine._replace(pending=mine.pending & ~(1 << port), news=True)
        return 0


def _with(domain: _Domain, port: int, channel: _Channel) -> _Domain:
    channels = domain.channels
    return domain._replace(channels=(*channels[:port], channel, *channels[port + 1 :]))
