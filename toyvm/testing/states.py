"""States: all that two machines can differ in at a checkpoint, and each difference in a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from toyvm.arguments import check_bytes, check_integer, check_list, short, wrong
from toyvm.errors import UsageError
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.registers import ABI_NAMES
from toyvm.own_classes import telling_the_line, where_raised

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


def run(machine: Any, until: int) -> Any:
    """Run one that others are held to. Raises BadFileError, with the line, for what somebody's own code raises."""
    with telling_the_line(type(machine).__name__):
        return machine.run(until=until)


def observe(machine: Any, until: int, *, forgiving: bool = False) -> State:
    """Run a machine to a count, and look at everything. `forgiving`: an exception is how the run ended.

    Raises as `run` does where it is not forgiving, and UsageError for an engine of somebody's that is no longer one.
    """
    exit_code = raised = None
    try:
        result = machine.run(until=until) if forgiving else run(machine, until)
        stop = str(getattr(result, "stop", result))
        exit_code = (result if hasattr(result, "exit_code") else machine).exit_code
    except BaseException as error:
        if not forgiving or isinstance(error, KeyboardInterrupt):
            raise
        raised = f"{type(error).__name__} at {where_raised(error) or 'no line but of toyvm'}"
        stop = f"{raised}: {error}"
    name = type(machine).__name__
    with telling_the_line(name):
        waiting, lasting = _cached(machine)
        return State(
            stop=stop,
            exit_code=exit_code,
            retired=check_integer(machine.retired, f"{name}.retired"),
            time=check_integer(machine.time, f"{name}.time"),
            words=_words(machine, name),
            output=check_bytes(machine.output, f"{name}.output"),
            disk=check_bytes(machine.disk, f"{name}.disk"),
            waiting=waiting,
            lasting=lasting,
            pages=_pages(machine, name),
            raised=raised,
        )


def _words(machine: Any, name: str) -> tuple[Any, ...]:
    words = tuple(check_list(machine.state_words(), f"{name}.state_words()", "the contents of registers"))
    if len(words) != len(WORD_NAMES):
        raise UsageError(f"{name} has {len(words)} registers in all; a T64 has {len(WORD_NAMES)}")
    return words


def _pages(machine: Any, name: str) -> dict[int, bytes]:
    expected = f"pairs of a page's number and its {PAGE_SIZE} bytes"
    pages: dict[int, bytes] = {}
    if not isinstance(found := machine.pages(), Iterable):
        raise wrong(f"{name}.pages()", found, expected)
    for pair in found:
        if not (
            isinstance(pair, tuple)
            and len(pair) == 2
            and isinstance(pair[0], int)
            and isinstance(pair[1], bytes)
            and len(pair[1]) == PAGE_SIZE
        ):
            raise wrong(f"{name}.pages()", pair, expected)
        pages[pair[0]] = pair[1]
    return pages


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
            pairs = zip(WORD_NAMES, one, other, strict=True)
            lines += [f"{name}: {_shown(b)}, not {_shown(a)}" for name, a, b in pairs if a != b]
        elif field.name == "pages":
            lines += _page_differences(one, other)
        else:
            lines.append(f"{field.name}: {other!r}, not {one!r}")
    return lines


def _shown(word: object) -> str:
    """The contents of a register; an engine of one's own may leave there what is no number."""
    return f"{word:#x}" if isinstance(word, int) else f"{short(word)} ({type(word).__name__})"


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
