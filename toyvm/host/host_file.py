"""Host files: TOML that describes a host and its guests, checked key by key before anything is made.

[host]                      # all of it may be left out
memory = "64M"              # what its guests and their monitors need, unless said
hardware = "strict"         # assist, where a guest needs it
engine = "interpreter"
slice = 100_000             # instructions a turn

[[guest]]
name = "web"
program = "kernel"          # an image, a source, or a shipped guest's name
technique = "trap+flush"
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toyvm.arguments import check_pages, check_within, short, unknown_name
from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import boundary, read_text, shown
from toyvm.host.stride import (
    DEFAULT_SHARE,
    DEFAULT_SLICE,
    FULL_CAP,
    MAXIMUM_SLICE,
    check_cap,
    check_share,
)
from toyvm.isa.machine import (
    DEFAULT_CLOCK_BASE,
    DEFAULT_DISK_LATENCY,
    DEFAULT_MEMORY,
    MAXIMUM_MEMORY,
    MINIMUM_MEMORY,
    Level,
)
from toyvm.limits import MAXIMUM_GUESTS, MAXIMUM_HOST_FILE_BYTES, MAXIMUM_KEY_PARTS
from toyvm.techniques import NATIVE_ENGINES, Variant, parse_variant

CONSOLE = "console"  # as input: what is typed or sent to the guest
MAXIMUM_NAME = 32  # characters
# A key of so many parts, each bare or in quotes: the parser's time grows with their square.
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DEEP_KEY = re.compile(rf"(?<![\w-])(?:{_PART}[ \t]*\.[ \t]*){{{MAXIMUM_KEY_PARTS}}}")
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
    guests: tuple[GuestPlan, ...]


# What each key takes: how its value is checked, and what becomes of it. Checks raise UsageError without the place.

Check = Callable[[Any], Any]


def _of_type(kind: type, expected: str) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise UsageError(f"{short(value)}; it takes {expected}")
        return value

    return check


_text = _of_type(str, "a string")


def _path(value: Any) -> str:
    if "\0" in _text(value):
        raise UsageError(f"{short(value)}; no file has NUL in its name")
    return str(value)


_truth = _of_type(bool, "true or false")
_number = _of_type(int, "a whole number")


def _within(low: int, high: int) -> Check:
    return lambda value: check_within(_number(value), low, high, "value")


def _memory(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise UsageError(f"{short(value)}; it takes bytes, or a string like '16M'")
    return check_pages(value, MINIMUM_MEMORY, MAXIMUM_MEMORY)


def _name(value: Any) -> str:
    name = str(_text(value))
    if not 0 < len(name) <= MAXIMUM_NAME or not all(letter.isalnum() or letter in "-_." for letter in name):
        raise UsageError(f"{short(name)}; it takes up to {MAXIMUM_NAME} letters, digits, '-', '_' and '.'")
    if name == "all":
        raise UsageError("'all'; commands mean every guest by it")
    return name


def _technique(value: Any) -> str:
    variant = parse_variant(_text(value))
    if variant.facts.name == "bare":
        raise UsageError("'bare'; guests of a host have a monitor")
    return variant.name


def _choice(known: tuple[str, ...]) -> Check:
    def check(value: Any) -> str:
        if _text(value) not in known:
            raise UsageError(f"{short(value)}; there are {', '.join(known)}")
        return str(value)

    return check


def _defines(value: Any) -> dict[str, int]:
    for name, number in _of_type(dict, "a table of symbols and numbers")(value).items():
        if isinstance(number, bool) or not isinstance(number, int):
            raise UsageError(f"{name} = {short(number)}; it takes a whole number")
    return dict(value)


_HOST_KEYS: dict[str, Check] = {
    "memory": _memory,
    "hardware": _choice(tuple(Level)),
    "engine": _choice(NATIVE_ENGINES),
    "slice": _within(1, MAXIMUM_SLICE),
}
_GUEST_KEYS: dict[str, Check] = {
    "name": _name,
    "program": _path,
    "technique": _technique,
    "memory": _memory,
    "share": check_share,
    "cap": check_cap,
    "max-instructions": _within(0, (1 << 64) - 1),
    "paused": _truth,
    "copies": _within(1, MAXIMUM_GUESTS),
    "input": _path,
    "output": _path,
    "disk": _path,
    "read-only": _truth,
    "disk-latency": _within(0, 1 << 62),
    "clock": _within(0, (1 << 64) - 1),
    "defines": _defines,
}
_PATHS = ("input", "output", "disk")


def find_host_file(name: str) -> Path:
    """The file itself, or a shipped one by its name without .toml."""
    from toyvm.paths import guests_directory

    shipped = guests_directory() / f"{name}.toml"
    return shipped if not Path(name).exists() and shipped.is_file() else Path(name)


def read_host_file(path: Path) -> HostPlan:
    """The host that a file describes. Raises BadFileError with file, guest, key, value and limit."""
    document = _read(path)
    try:
        with boundary(path):
            return _plan(document, path)
    except UsageError as error:
        raise BadFileError(f"{shown(path)}: {shown(str(error))}") from None


def _read(path: Path) -> dict[str, Any]:
    text = read_text(path, MAXIMUM_HOST_FILE_BYTES, "a host file is TOML")
    if _DEEP_KEY.search(text):
        raise BadFileError(f"{shown(path)}: a key has {MAXIMUM_KEY_PARTS} parts or more")
    with boundary(path):
        try:
            return tomllib.loads(text)
        except ValueError as error:  # its own, and that of a number with too many digits
            raise BadFileError(f"{shown(path)}: not TOML: {error}") from None


def _plan(document: dict[str, Any], path: Path) -> HostPlan:
    for key in document:
        if key not in ("host", "guest"):
            raise unknown_name("table", key, ("host", "guest"))
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
    values = _values(host, _HOST_KEYS, "host")
    return HostPlan(
        memory=values.get("memory", _memory_for(guests)),
        hardware=_level_for(values.get("hardware"), guests),
        engine=values.get("engine", NATIVE_ENGINES[0]),
        slice=values.get("slice", DEFAULT_SLICE),
        guests=tuple(guests),
    )


def _values(table: dict[str, Any], keys: dict[str, Check], place: str) -> dict[str, Any]:
    """The values of a table, each checked. Raises UsageError with place and key."""
    values = {}
    for key, value in table.items():
        if key not in keys:
            raise UsageError(f"{place}: {unknown_name('key', key, keys)}")
        try:
            values[key] = keys[key](value)
        except UsageError as error:
            raise UsageError(f"{place}: {key}: {error}") from None
    return values


def _guests(table: dict[str, Any], place: str, folder: Path) -> list[GuestPlan]:
    """One guest, or as many copies as it asks for."""
    if isinstance(table.get("name"), str):
        place += f" ({table['name']})"
    values = _values(table, _GUEST_KEYS, place)
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
