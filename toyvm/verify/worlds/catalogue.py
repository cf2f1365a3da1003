"""Which small worlds there are, and what is claimed of each once it is explored."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from toyvm.arguments import unknown_name
from toyvm.verify.worlds.core import Core, build
from toyvm.verify.worlds.domains import DomainWorld
from toyvm.verify.worlds.events import EventsWorld
from toyvm.verify.worlds.exploring import Account, Explorer
from toyvm.verify.worlds.grants import GrantsWorld
from toyvm.verify.worlds.interrupts import BEGINNINGS, InterruptsWorld
from toyvm.verify.worlds.paging import PagingWorld, beginnings_of
from toyvm.verify.worlds.rings import RingsWorld
from toyvm.verify.worlds.tables import TablesWorld
from toyvm.verify.worlds.unmodified import TECHNIQUES

_DOMAINS: Mapping[str, type[DomainWorld]] = {
    world.name: world for world in (TablesWorld, GrantsWorld, EventsWorld, RingsWorld)
}
_INTERRUPTS = "-interrupts"  # behind a technique's name
NAMES: tuple[str, ...] = (*TECHNIQUES, *(technique + _INTERRUPTS for technique in TECHNIQUES), *_DOMAINS)


@cache
def _paging() -> PagingWorld:
    """One for all techniques: what the reference has found is found for each."""
    return PagingWorld()


@cache
def _interrupts() -> InterruptsWorld:
    return InterruptsWorld()


def check_name(name: str) -> None:
    """Raises UsageError for another one."""
    if name not in NAMES:
        raise unknown_name("world", name, NAMES, are_listed=True)


def find_world(name: str) -> Explorer:
    """The world of that name, on the core's program, which is brought up to date first.

    Raises UsageError for another name, and where there are no sources of the core, or no compiler.
    """
    check_name(name)
    core = build()
    if name in _DOMAINS:
        domains = _DOMAINS[name](core)
        return Explorer(name, domains.open, domains.actions, domains, domains.start(), domains.beginnings)
    technique = name.removesuffix(_INTERRUPTS)
    world = _paging() if technique == name else _interrupts()
    beginnings = beginnings_of(name) if technique == name else BEGINNINGS

    def reopen() -> Core:
        return world.open(core, technique)

    return Explorer(name, reopen, world.actions, world.judge, world.start, beginnings)


def claim(account: Account) -> str:
    """In a sentence, with the numbers."""
    numbers = f"{account.beginnings} beginnings, {account.states:,} states, {account.transitions:,} transitions"
    if account.left_open:
        numbers += f", of which the specification leaves {account.left_open:,} open"
    steps = "one step" if account.steps == 1 else f"{account.steps} steps"
    if account.findings:
        return f"{account.world}: within {steps} isolation or equality is violated ({numbers})"
    return f"{account.world}: no reachable state within {steps} violates isolation or equality ({numbers})"
