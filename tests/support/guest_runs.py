"""Guests run on each technique, for tests: what a run gave, in one record that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from toyvm.image import Image
from toyvm.isa.ports import SECTOR_SIZE
from toyvm.launch import launched
from toyvm.machine.computer import Computer
from toyvm.machine.console import Input
from toyvm.machine.outcome import Outcome
from toyvm.programs import load_program
from toyvm.recompiler.options import Recompiling
from toyvm.reference.machine import ReferenceMachine
from toyvm.shipped.headers import Header, read_header
from toyvm.techniques import facts_of
from toyvm.testing.techniques import EVERY

TESTS = Path(__file__).parent.parent
GUESTS = TESTS.parent / "guests"
BEHAVIOURS = tuple(sorted((TESTS / "guests" / "behaviours").glob("*.s")))
WORKLOADS = tuple(sorted((GUESTS / "workloads").glob("*.s")))
LIMIT = 20_000_000  # instructions, where a guest's header names no other


@dataclass(frozen=True)
class Run:
    """What a run gave. `state` is a hash over registers and memory."""

    stop: str
    exit_code: int | None
    output: bytes
    instructions: int
    state: str
    detail: str = ""


def run_of(machine: Computer, outcome: Outcome) -> Run:
    """The record of a run that has ended so."""
    return Run(
        str(outcome.stop),
        outcome.exit_code,
        machine.output,
        outcome.instructions,
        machine.state_hash(),
        outcome.report or outcome.detail,
    )


@dataclass(frozen=True)
class Patch:
    """Bytes to be put at a symbol of a guest."""

    symbol: str
    data: bytes


@cache
def image_of(path: Path, technique: str) -> Image:
    return load_program(path, "bare" if technique == "reference" else technique)


@cache
def header_of(path: Path) -> Header:
    return read_header(path)


def cases_of(paths: Sequence[Path], techniques: Sequence[str] = EVERY) -> list[object]:
    """A case for each guest on each of these techniques that its header names."""
    pairs = ((path, name) for path in paths for name in techniques if facts_of(name).name in header_of(path).techniques)
    return [pytest.param(path, name, id=f"{path.stem}-{name}") for path, name in pairs]


def run_guest(
    path: Path,
    technique: str,
    *,
    engine: str | Recompiling = "interpreter",
    input: Input = None,
    memory: int = 16 << 20,
    operations: int | None = None,
    patch: Patch | None = None,
    limit: int | None = None,
) -> Run:
    """Run a guest as its header says; `patch`, and a workload's `operations`, go into its memory before."""
    header, image = header_of(path), image_of(path, technique)
    given = (header.text("input") or b"") if input is None else input
    sectors = header.number("disk")
    disk = None if sectors is None else bytearray(sectors * SECTOR_SIZE)
    limit = limit or header.number("limit", LIMIT)
    if technique == "reference":
        assert isinstance(given, bytes)
        return _run_reference(image, given, memory, disk, limit)
    with launched(technique, memory, engine=engine, input=given, disk=disk) as machine:
        machine.load(image)
        if operations is not None:
            machine.write(image.address_of("operations"), operations.to_bytes(8, "little"))
        if patch is not None:
            machine.write(image.address_of(patch.symbol), patch.data)
        return run_of(machine, machine.run(limit))


def _run_reference(image: Image, input: bytes, memory: int, disk: bytearray | None, limit: int | None) -> Run:
    machine = ReferenceMachine(memory, input=input, disk=disk)
    machine.load(image)
    stop = machine.run(limit)
    assert machine.unspecified is None, machine.unspecified
    return Run(str(stop), machine.exit_code, machine.output, machine.retired, machine.state_hash(), machine.stop_detail)
