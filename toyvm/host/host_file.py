"""Host files: TOML that describes a host and its guests, checked key by key before anything is made.

[host]                      # all of it may be left out
memory = "64M"
slice = 100_000

[[guest]]
name = "web"
program = "kernel"
technique = "trap+flush"

The keys are those of host_keys.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import boundary, shown
from toyvm.files.toml import read_toml
from toyvm.host.host_keys import CONSOLE, GUEST_KEYS, HOST_KEYS, check_tables, values_of
from toyvm.host.stride import DEFAULT_SHARE, DEFAULT_SLICE, FULL_CAP
from toyvm.isa.machine import DEFAULT_CLOCK_BASE, DEFAULT_DISK_LATENCY, DEFAULT_MEMORY, MAXIMUM_MEMORY, Level
from toyvm.limits import MAXIMUM_GUESTS, MAXIMUM_HOST_FILE_BYTES
from toyvm.techniques import NATIVE_ENGINES, Variant, parse_variant

_ROOM_FOR_MONITOR = 1 << 20  # bytes of host memory for each guest, beside an eighth of its own


@dataclass(frozen=True)
class GuestPlan:
    """One guest as the file describes it; paths are complete."""

    name: str
    program: str
    technique: str = "trap"
    memory: int = DEFAULT_MEMORY
    share: int = DEFAULT_SHARE
    cap: int = FULL_CAP
    max_instructions: int | None = None
    paused: bool = False
    input: str | None = None  # a file, CONSOLE, or None: none
    output: str | None = None  # a file, or None: its end is kept
    disk: str | None = None
    read_only: bool = False
    disk_latency: int = DEFAULT_DISK_LATENCY
    clock: int = DEFAULT_CLOCK_BASE
    defines: Mapping[str, int] = field(default_factory=dict)

    @property
    def variant(self) -> Variant:
        return parse_variant(self.technique)


@dataclass(frozen=True)
class HostPlan:
    """A host as the file describes it."""

    memory: int
    hardware: Level
    engine: str
    slice: int
    commands: str  # lines, as of a file of commands
    guests: tuple[GuestPlan, ...]


_PATHS = ("input", "output", "disk")


def find_host_file(name: str) -> Path:
    """The file itself, or a shipped one by its name without .toml."""
    return shipped_host_files().get(name, Path(name)) if not Path(name).exists() else Path(name)


def shipped_host_files() -> dict[str, Path]:
    """Those that come with toyvm, by name."""
    from toyvm.paths import guests_directory

    return {path.stem: path for path in sorted(guests_directory().glob("*.toml"))}


def read_host_file(path: Path) -> HostPlan:
    """The host that a file describes. Raises BadFileError with file, guest, key, value and limit."""
    document = read_toml(path, MAXIMUM_HOST_FILE_BYTES, "a host file is TOML")
    try:
        with boundary(path):
            return _plan(document, path)
    except UsageError as error:
        raise BadFileError(f"{shown(path)}: {shown(str(error))}") from None


def _plan(document: dict[str, Any], path: Path) -> HostPlan:
    check_tables(document)
    tables = document.get("guest", [])
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise UsageError("no guests; each is a table [[guest]]")
    guests: list[GuestPlan] = []
    for number, table in enumerate(tables, 1):
        guests += _guests(table, f"guest {number}", path.parent)
        if len(guests) > MAXIMUM_GUESTS:
            raise UsageError(f"there are {len(guests)} guests or more; the limit is {MAXIMUM_GUESTS}")
    _check_together(guests)
    host = document.get("host", {})
    if not isinstance(host, dict):
        raise UsageError("host is no table; write [host]")
    values = values_of(host, HOST_KEYS, "host")
    return HostPlan(
        memory=values.get("memory", _memory_for(guests)),
        hardware=_level_for(values.get("hardware"), guests),
        engine=values.get("engine", NATIVE_ENGINES[0]),
        slice=values.get("slice", DEFAULT_SLICE),
        commands=values.get("commands", ""),
        guests=tuple(guests),
    )


def _guests(table: dict[str, Any], place: str, folder: Path) -> list[GuestPlan]:
    """One guest, or as many copies as it asks for."""
    if isinstance(table.get("name"), str):
        place += f" ({table['name']})"
    values = values_of(table, GUEST_KEYS, place)
    if "program" not in values:
        raise UsageError(f"{place}: no program; it takes a file, or a shipped guest's name")
    for key in ("read-only", "disk-latency"):
        if key in values and "disk" not in values:
            raise UsageError(f"{place}: {key} says something about a disk, and there is none; add disk")
    for key in _PATHS:
        if key in values and (key, values[key]) != ("input", CONSOLE):
            values[key] = str(folder / values[key])
    if (folder / values["program"]).is_file():
        values["program"] = str(folder / values["program"])
    copies = values.pop("copies", None)
    name = values.pop("name", place.replace(" ", ""))
    if copies is not None and "output" in values:
        raise UsageError(f"{place}: output: {copies} copies cannot write one file")
    if copies is not None and "disk" in values and not values.get("read-only"):
        raise UsageError(f"{place}: disk: {copies} copies cannot write one file; add read-only = true")
    names = [name] if copies is None else [f"{name}-{number}" for number in range(1, copies + 1)]
    fields = {key.replace("-", "_"): value for key, value in values.items()}
    return [GuestPlan(name=name, **fields) for name in names]


def _check_together(guests: list[GuestPlan]) -> None:
    """Names are unique, and no two write to one file, or one to what another reads."""
    names: set[str] = set()
    for guest in guests:
        if guest.name in names:
            raise UsageError(f"two guests are called {guest.name!r}")
        names.add(guest.name)
    written: dict[object, str] = {}
    for guest in guests:
        for path in (guest.output, None if guest.read_only else guest.disk):
            if path is not None and (other := written.get(_identity(path))):
                raise UsageError(f"{path}: guests {other} and {guest.name} would write it")
            if path is not None:
                written[_identity(path)] = guest.name
    for guest in guests:
        for path in (guest.input, guest.program, guest.disk if guest.read_only else None):
            if path is not None and (other := written.get(_identity(path))):
                raise UsageError(f"{path}: guest {other} would write what {guest.name} reads")


def _identity(path: str) -> object:
    """What a path leads to, by whatever name: a file that is there, or the place of one that is not."""
    try:
        status = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


def _memory_for(guests: list[GuestPlan]) -> int:
    needed = sum(guest.memory + guest.memory // 8 + _ROOM_FOR_MONITOR for guest in guests) + (8 << 20)
    return min(needed, MAXIMUM_MEMORY)


def _level_for(asked: str | None, guests: list[GuestPlan]) -> Level:
    """The hardware level asked for, or one that suits every guest. Raises UsageError."""
    if asked is not None:
        level = Level(asked)
    else:
        level = Level.ASSIST if any(guest.variant.level is Level.ASSIST for guest in guests) else Level.STRICT
    for guest in guests:
        if level not in guest.variant.facts.levels:
            suits = ", ".join(guest.variant.facts.levels)
            raise UsageError(
                f"hardware {level}: guest {guest.name} is of technique {guest.technique}, which takes {suits}"
            )
    return level
