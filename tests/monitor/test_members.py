"""docs/monitors.md lists the members of what a monitor is made of: all that there are, as they are called."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum

from support.commands import ROOT

import toyvm.monitor
from toyvm import Host
from toyvm.monitor.trap_and_emulate import TrapAndEmulate

PAGE = (ROOT / "toyvm" / "docs" / "monitors.md").read_text(encoding="utf-8")
LISTED = [name for row in re.findall(r"^\| (`.*`) \| ", PAGE, re.MULTILINE) for name in re.findall(r"`(.*?)`", row)]
INTERNAL = {"gate"}  # whose thread it is


def called(name: str, member: object) -> str:
    """A function with its arguments, as one calls it."""
    if not inspect.isfunction(member):
        return name
    _, *arguments = inspect.signature(member).parameters.values()
    return f"{name}({', '.join(str(one.replace(annotation=inspect.Parameter.empty)) for one in arguments)})"


def members(each: type, made: object) -> Iterator[str]:
    """Of a class: its members, or fields; and what one that is made has besides."""
    if issubclass(each, Enum):
        names = dict.fromkeys(each.__members__)
    else:
        names = dict(vars(each)) | (dict.fromkeys(vars(made)) if made is not None else {})
    for name, member in names.items():
        if not name.startswith("_") and name not in INTERNAL:
            yield called(f"{each.__name__}.{name}", inspect.unwrap(member) if callable(member) else member)


def test_every_member_is_listed_and_nothing_else() -> None:
    with Host() as host, host.guest(memory="2M", monitor=TrapAndEmulate) as guest:
        monitor = guest.monitor
        assert isinstance(monitor, TrapAndEmulate)
        made = {"Monitor": monitor, "Vcpu": monitor.vcpu, "Shadow": monitor.shadow}
        there: set[str] = set()
        for name in toyvm.monitor.__all__:
            each = getattr(toyvm.monitor, name)
            if name in made or (isinstance(each, type) and (is_dataclass(each) or issubclass(each, Enum))):
                there |= set(members(each, made.get(name)))
    assert sorted(LISTED) == sorted(there)
