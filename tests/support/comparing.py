"""Comparing machines: the reference and others run the same program, and must agree at every checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import Any

from support.subjects import SUBJECTS
from toyvm.asm.disassembler import disassemble_word
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.paging import PAGE_SIZE
from toyvm.isa.registers import ABI_NAMES
from toyvm.reference.machine import ReferenceMachine
from toyvm.testing.programs import Program

WORD_NAMES = (*ABI_NAMES, "pc", *(register.name for register in CONTROL_REGISTERS))
TRACE = 12  # instructions shown before a difference


@dataclass(frozen=True)
class State:
    """All that two machines can differ in at a checkpoint."""

    stop: str
    retired: int
    time: int
    words: tuple[int, ...]
    output: bytes
    disk: bytes
    waiting: list[tuple[int, bytes]]  # writes that a power cut may take away
    lasting: dict[int, bytes]  # what their sectors hold without them
    pages: dict[int, bytes]


def observe(machine: Any, until: int) -> State:
    """Run a machine to a count, and look at everything."""
    result = machine.run(until=until)
    pages = machine.pages()
    waiting, lasting = _cached(machine)
    return State(
        stop=str(getattr(result, "stop", result)),
        retired=machine.retired,
        time=machine.time,
        words=machine.state_words(),
        output=machine.output,
        disk=machine.disk,
        waiting=waiting,
        lasting=lasting,
        pages=dict(pages),
    )


def _cached(machine: Any) -> tuple[list[tuple[int, bytes]], dict[int, bytes]]:
    """The disk's write cache."""
    if isinstance(machine, ReferenceMachine):
        return machine.disk_waiting, machine.disk_lasting
    cut = machine.power_cut() if machine.disk else None
    if cut is None:
        return [], {}
    return list(cut.pending), {sector: cut.durable.read(sector) for sector, _ in cut.pending}


def differences(expected: State, found: State) -> list[str]:
    """Each difference in a line: what, as expected, as found."""
    lines = []
    for field in fields(State):
        one, other = getattr(expected, field.name), getattr(found, field.name)
        if one == other:
            continue
        if field.name == "words":
            lines += [f"{n}: {a:#x}, not {b:#x}" for n, a, b in zip(WORD_NAMES, one, other, strict=True) if a != b]
        elif field.name == "pages":
            lines += _page_differences(one, other)
        else:
            lines.append(f"{field.name}: {one!r}, not {other!r}")
    return lines


def _page_differences(one: dict[int, bytes], other: dict[int, bytes]) -> list[str]:
    zero = bytes(PAGE_SIZE)
    lines = []
    for number in sorted(one.keys() | other.keys()):
        a, b = one.get(number, zero), other.get(number, zero)
        lines += [
            f"memory at {PAGE_SIZE * number + at:#x}: {a[at : at + 8].hex()}, not {b[at : at + 8].hex()}"
            for at in range(0, PAGE_SIZE, 8)
            if a[at : at + 8] != b[at : at + 8]
        ]
    return lines


def compare(program: Program, names: Iterable[str], checkpoints: Sequence[int]) -> str | None:
    """Hold these subjects to the reference at each count of `checkpoints`.

    Returns None, or why the program was left before its end: it did what the specification leaves open. Raises
    AssertionError with the first difference.
    """
    with ExitStack() as stack:
        reference = stack.enter_context(SUBJECTS["reference"](program))
        others = {name: stack.enter_context(SUBJECTS[name](program)) for name in names}
        passed = 0
        for checkpoint in checkpoints:
            expected = observe(reference, checkpoint)
            if reference.unspecified is not None:
                return str(reference.unspecified)
            for name, machine in others.items():
                if differences(expected, observe(machine, checkpoint)):
                    raise AssertionError(explain(program, name, passed, checkpoint))
            if expected.stop != "limit":
                return None
            passed = checkpoint
    return None


def explain(program: Program, name: str, good: int, bad: int) -> str:
    """Find the first instruction after which they differ, stepping from a count where they agreed."""
    with ExitStack() as stack:
        reference = stack.enter_context(SUBJECTS["reference"](program))
        subject = stack.enter_context(SUBJECTS[name](program))
        reference.run(until=good)
        subject.run(until=good)
        trace: list[str] = []
        for count in range(good, bad + 1):
            trace.append(f"{count:6} {_place(reference)}")
            expected, found = observe(reference, count), observe(subject, count)
            if lines := differences(expected, found):
                return "\n".join(
                    [f"{name} differs from the reference at {count} retired instructions:"]
                    + [f"  {line}" for line in lines[:20]]
                    + ["last instructions of the reference, before each count:"]
                    + [f"  {line}" for line in trace[-TRACE:]]
                )
            if expected.stop != "limit":
                break
    return f"{name} differs from the reference at {bad} when run from {good} at once, and not when stepped"


def _place(machine: Any) -> str:
    """Where the reference is, and in what mode."""
    status, pc = machine.cr("status"), machine.pc
    word = machine.instruction_at(pc)
    shown = "(cannot be fetched)" if word is None else disassemble_word(word, pc)
    mode = "user" if status >> 8 & 1 else "kernel"
    return f"{mode} ie={status & 1} ptbr={machine.cr('ptbr'):#x} cause={machine.cr('cause'):#x} {pc:#x}: {shown}"
