"""The world of grants: one domain lets another map a page of its own, takes it back, or means to make a table of it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar, NamedTuple, TypeVar

from toyvm.hypercalls import GRANT_WRITABLE
from toyvm.isa.paging import PTE_R, PTE_U, PTE_V, PTE_W
from toyvm.verify.worlds.domains import MEMORY, OTHERS_MAP_IT, PAGES, REFUSED, ROOT, DomainWorld, Expected
from toyvm.verify.worlds.world import Result, Watch

G = 4  # the page that is granted
PLACES = (MEMORY, MEMORY + 0x1000)  # addresses behind the memory, where nothing is mapped
VALUE = 0xC23  # what is stored: an entry with reserved bits, and, shifted, one that is not valid
_R, _RW = PTE_V | PTE_R | PTE_U, PTE_V | PTE_R | PTE_W | PTE_U
_GRANTER, _MAPPER = 0, 1
T = TypeVar("T")


class _Map(NamedTuple):
    reference: int
    writable: bool


class _State(NamedTuple):
    """Grants by reference, maps by place, and what the granter uses its page as."""

    grants: tuple[bool | None, ...] = (None, None)  # writable or not; longer once there are more
    maps: tuple[_Map | None, ...] = (None, None)
    own_writable: bool = True  # its own mapping
    pinned: bool = False
    value: int = 0
    has_granter: bool = True
    has_mapper: bool = True


class GrantsWorld(DomainWorld):
    """Two domains. Whatever the mapper asks for, it never has more than it was granted, nor for longer."""

    name: ClassVar[str] = "grants"
    beginnings: ClassVar[tuple[tuple[str, ...], ...]] = ((), ("grant RW", "map 0 at 0 R", "mapper loads 0"))
    domains: ClassVar[int] = 2

    def make_actions(self) -> None:
        g, root = self.frame(G), self.frame(ROOT)
        granter, mapper = self.guests[_GRANTER].id, self.guests[_MAPPER].id
        add = self.add
        for name, flags in (("R", 0), ("RW", 1)):
            add(self.call(f"grant {name}", "grant_access", mapper, g, flags), "grant", flags)
        add(self.call("grant the root RW", "grant_access", mapper, root, 1), "refused", REFUSED["busy"])
        add(self.call("grant to itself", "grant_access", granter, g, 0), "refused", REFUSED["noent"])
        add(
            self.call("grant what is the mapper's", "grant_access", mapper, self.frame(G, 1), 0),
            "refused",
            REFUSED["perm"],
        )
        for reference in (0, 1):
            add(self.call(f"end {reference}", "grant_end", reference), "end", reference)
        add(self.call("its own R", "update_va", G << 12, g << 12 | _R, 1), "own", 0)
        add(self.call("its own RW", "update_va", G << 12, g << 12 | _RW, 1), "own", 1)
        add(self.call("pin", "pin_table", g, 0), "pin")
        add(self.call("unpin", "unpin_table", g), "unpin")
        add(self.store("granter stores", G << 12, VALUE << 12), "granter stores")
        for reference, place, flags in ((0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 1, 1), (0, 1, 1)):
            name = f"map {reference} at {place} {'RW' if flags else 'R'}"
            call = self.call(name, "grant_map", granter, reference, PLACES[place], flags, domain=_MAPPER)
            add(call, "map", reference, place, flags)
        add(
            self.call("map of its own", "grant_map", mapper, 0, PLACES[0], 0, domain=_MAPPER),
            "refused",
            REFUSED["noent"],
        )
        add(
            self.call("map over its own", "grant_map", granter, 0, G << 12, 0, domain=_MAPPER),
            "refused",
            REFUSED["busy"],
        )
        for place in (0, 1):
            add(self.call(f"unmap {place}", "grant_unmap", PLACES[place], domain=_MAPPER), "unmap", place)
        add(self.call("clear 0", "update_va", PLACES[0], 0, 1, domain=_MAPPER), "clear", 0)
        foreign = self.call("write the entry itself", "update_va", PLACES[0], g << 12 | _RW, 1, domain=_MAPPER)
        add(foreign, "refused", REFUSED["perm"])
        for name, domain in (("granter", _GRANTER), ("mapper", _MAPPER)):
            add(self.reload(f"reload {name}", domain), "reload", domain)
            add(self.end(f"end {name}", domain), "ends", domain)
        add(self.load("mapper loads 0", PLACES[0], domain=_MAPPER), "mapper loads", 0)
        add(self.store("mapper stores 0", PLACES[0], VALUE, domain=_MAPPER), "mapper stores", 0)
        add(self.store("mapper stores 1", PLACES[1], VALUE << 12, domain=_MAPPER), "mapper stores", 1)

    def watches(self) -> tuple[Watch, ...]:
        return (Watch(_GRANTER, G << 12),)

    def start(self) -> Hashable:
        assert PLACES[0] == PAGES << 12
        return _State()

    def expect(self, state: Hashable, action: int, result: Result) -> Expected:
        assert isinstance(state, _State)
        kind, facts = self.meanings[action]
        if not (state.has_granter, state.has_mapper)[self.actions[action].guest]:
            return Expected(state, is_gone=True)
        if kind == "ends":
            return Expected(self._without(state, facts[0]), is_gone=True)
        if "loads" in kind or "stores" in kind:
            expected = self._accessed(state, kind, facts)
        elif kind == "refused":
            # Of two reasons the first that is looked for counts; a grant to or of one who is gone is of nobody.
            is_of_nobody = not (state.has_mapper if self.actions[action].guest == _GRANTER else state.has_granter)
            expected = Expected(state, None if is_of_nobody else facts[0])
        else:
            after, a0 = self._called(state, kind, facts)
            expected = Expected(after, a0)
        come_to = expected.state
        assert isinstance(come_to, _State)
        return expected._replace(watched=(come_to.value if come_to.has_granter else None,))

    def _without(self, state: _State, domain: int) -> _State:
        """A domain ends: its maps, its grants, but not others' maps of them."""
        if domain == _MAPPER:
            return state._replace(maps=(None, None), has_mapper=False)
        return state._replace(grants=(None,) * len(state.grants), has_granter=False)

    def _called(self, state: _State, kind: str, facts: tuple[int, ...]) -> tuple[_State, int]:
        match kind:
            case "reload":
                if facts[0] == _MAPPER:
                    return state._replace(maps=(None, None)), 0
                if any(state.maps):
                    return state, OTHERS_MAP_IT
                return state._replace(grants=(None,) * len(state.grants)), 0
            case "grant":
                if not state.has_mapper:
                    return state, REFUSED["noent"]
                if facts[0] and state.pinned:
                    return state, REFUSED["busy"]
                reference = state.grants.index(None) if None in state.grants else len(state.grants)
                grants = (*state.grants[:reference], bool(facts[0]), *state.grants[reference + 1 :])
                return state._replace(grants=grants), reference
            case "end":
                if state.grants[facts[0]] is None:
                    return state, REFUSED["noent"]
                if any(one is not None and one.reference == facts[0] for one in state.maps):
                    return state, REFUSED["busy"]
                return state._replace(grants=_with(state.grants, facts[0], None)), 0
            case "own":
                if facts[0] and state.pinned:
                    return state, REFUSED["busy"]
                return state._replace(own_writable=bool(facts[0])), 0
            case "pin":
                is_writable = state.own_writable or any(one is not None and one.writable for one in state.maps)
                if state.pinned or not is_writable:
                    refused = not state.pinned and state.value == VALUE
                    return (state, REFUSED["inval"]) if refused else (state._replace(pinned=True), 0)
                return state, REFUSED["busy"]
            case "unpin":
                return (state._replace(pinned=False), 0) if state.pinned else (state, REFUSED["inval"])
            case "map":
                return self._mapped(state, *facts)
            case "unmap":
                if state.maps[facts[0]] is None:
                    return state, REFUSED["noent"]
                return state._replace(maps=_with(state.maps, facts[0], None)), 0
            case _:
                assert kind == "clear"
                return state._replace(maps=_with(state.maps, facts[0], None)), 0

    def _mapped(self, state: _State, reference: int, place: int, flags: int) -> tuple[_State, int]:
        writable = flags == GRANT_WRITABLE
        if not state.has_granter:
            return state, REFUSED["noent"]
        if state.maps[place] is not None:
            return state, REFUSED["busy"]
        grant = state.grants[reference]
        if grant is None:
            return state, REFUSED["noent"]
        if writable and not grant:
            return state, REFUSED["perm"]
        if writable and state.pinned:
            return state, REFUSED["busy"]
        return state._replace(maps=_with(state.maps, place, _Map(reference, writable))), 0

    def _accessed(self, state: _State, kind: str, facts: tuple[int, ...]) -> Expected:
        if kind == "granter stores":
            after = state._replace(value=VALUE << 12) if state.own_writable else state
            return Expected(after, None, trapped=not state.own_writable)
        found = state.maps[facts[0]]
        if kind == "mapper loads":
            return Expected(state, state.value, trapped=found is None)
        may = found is not None and found.writable
        after = state._replace(value=VALUE << 12 if facts[0] else VALUE) if may else state
        return Expected(after, None, trapped=not may)


def _with(items: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    return (*items[:index], value, *items[index + 1 :])
