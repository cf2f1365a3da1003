"""States: all that two machines can differ in at a checkpoint, and each difference in a line."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.registers import ABI_NAMES
from toyvm.own_classes import where_raised

WORD_NAMES = (*ABI_NAMES, "pc", *(register.name for register in CONTROL_REGISTERS))


@dataclass(frozen=True)
class State:
    """All that two machines can differ in at a checkpoint."""

    stop: str
    exit_code: int | None
    retired: int
    time: int
    words: tuple[int, ...]
    output: bytes
    disk: bytes
    waiting: list[tuple[int, bytes]]  # writes that a power cut may take away
    lasting: dict[int, bytes]  # what their sectors hold without them
    pages: dict[int, bytes]
    raised: str | None = None  # which exception ended the run, and where


def observe(machine: Any, until: int, *, forgiving: bool = False) -> State:
    """Run a machine to a count, and look at everything. `forgiving`: an exception is how the run ended."""
    exit_code = raised = None
    try:
        result = machine.run(until=until)
        stop = str(getattr(result, "stop", result))
        exit_code = (result if hasattr(result, "exit_code") else machine).exit_code
    except (Exception, SystemExit) as error:
        if not forgiving:
            raise
        raised = f"{type(error).__name__} at {where_raised(error) or 'no line but of toyvm'}"
        stop = f"{raised}: {error}"
    pages = machine.pages()
    waiting, lasting = _cached(machine)
    return State(
        stop=stop,
        exit_code=exit_code,
        retired=machine.retired,
        time=machine.time,
        words=machine.state_words(),
        output=machine.output,
        disk=machine.disk,
        waiting=waiting,
        lasting=lasting,
        pages=dict(pages),
        raised=raised,
    )


def _cached(machine: Any) -> tuple[list[tuple[int, bytes]], dict[int, bytes]]:
    """The disk's write cache."""
    if hasattr(machine, "disk_waiting"):
        return machine.disk_waiting, machine.disk_lasting
    cut = machine.power_cut() if machine.disk else None
    if cut is None:
        return [], {}
    return list(cut.pending), {sector: cut.durable.read(sector) for sector, _ in cut.pending}


def differences(expected: State, found: State) -> list[str]:
    """Each difference in a line: what, as found, and not as expected."""
    lines = []
    for field in fields(State):
        one, other = getattr(expected, field.name), getattr(found, field.name)
        if one == other or field.name == "raised":  # which `stop` says, too
            continue
        if field.name == "words":
            lines += [f"{n}: {b:#x}, not {a:#x}" for n, a, b in zip(WORD_NAMES, one, other, strict=True) if a != b]
        elif field.name == "pages":
            lines += _page_differences(one, other)
        else:
            lines.append(f"{field.name}: {other!r}, not {one!r}")
    return lines


def _page_differences(one: dict[int, bytes], other: dict[int, bytes]) -> list[str]:
    zero = bytes(PAGE_SIZE)
    lines = []
    for number in sorted(one.keys() | other.keys()):
        a, b = one.get(number, zero), other.get(number, zero)
        lines += [
            f"memory at {PAGE_SIZE * number + at:#x}: {b[at : at + 8].hex()}, not {a[at : at + 8].hex()}"
            for at in range(0, PAGE_SIZE, 8)
            if a[at : at + 8] != b[at : at + 8]
        ]
    return lines
