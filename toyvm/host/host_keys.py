"""Keys of a host file: what each takes, what it means to a reader of the help, and where a stray one belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from toyvm.arguments import check_pages, check_within, nearest, short, show_size
from toyvm.errors import UsageError
from toyvm.host.stride import DEFAULT_SHARE, DEFAULT_SLICE, MAXIMUM_SLICE, check_cap, check_share
from toyvm.isa.control import ALL_BITS
from toyvm.isa.machine import DEFAULT_DISK_LATENCY, DEFAULT_MEMORY, MAXIMUM_MEMORY, MINIMUM_MEMORY, Level
from toyvm.limits import MAXIMUM_GUESTS
from toyvm.techniques import NATIVE_ENGINES, parse_variant

CONSOLE = "console"  # as input: what is typed or sent to the guest
MAXIMUM_NAME = 32  # characters

# How a value is checked, and what becomes of it. Checks raise UsageError without the place.
Check = Callable[[Any], Any]


def _of_type(kind: type, expected: str) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise UsageError(f"{short(value)}; it takes {expected}")
        return value

    return check


_text = _of_type(str, "a string")
_truth = _of_type(bool, "true or false")
_number = _of_type(int, "a whole number")


def _path(value: Any) -> str:
    if "\0" in _text(value):
        raise UsageError(f"{short(value)}; no file has NUL in its name")
    if not value:
        raise UsageError("''; the name of a file is empty")
    return str(value)


def _number_that(check: Callable[[int], int]) -> Check:
    return lambda value: check(_number(value))


def _within(low: int, high: int) -> Check:
    return _number_that(lambda value: check_within(value, low, high, "value"))


def _memory(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise UsageError(f"{short(value)}; it takes bytes, or a string like '16M'")
    return check_pages(value, MINIMUM_MEMORY, MAXIMUM_MEMORY)


def _name(value: Any) -> str:
    name = str(_text(value))
    if not 0 < len(name) <= MAXIMUM_NAME or not all(letter.isalnum() or letter in "-_." for letter in name):
        raise UsageError(f"{short(name)}; it takes up to {MAXIMUM_NAME} letters, digits, '-', '_' and '.'")
    if name == "all":
        raise UsageError("'all' is no guest's name: commands mean every guest by it")
    return name


def _technique(value: Any) -> str:
    variant = parse_variant(_text(value))
    if variant.facts.name == "bare":
        raise UsageError("'bare'; that has no monitor, and a host's guests have one")
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


@dataclass(frozen=True, slots=True)
class Key:
    """One key: the check of its value, and what help says of it."""

    check: Check
    means: str


HOST_KEYS = {
    "memory": Key(_memory, 'what all guests and their monitors share, as "64M"; what they need unless said'),
    "hardware": Key(_choice(tuple(Level)), f"{', '.join(Level)}; what the guests need unless said"),
    "engine": Key(_choice(NATIVE_ENGINES), f"{' or '.join(NATIVE_ENGINES)}; {NATIVE_ENGINES[0]} unless said"),
    "commands": Key(_text, "what is done to them and when, a line each, as --commands has it, which goes before"),
    "slice": Key(_within(1, MAXIMUM_SLICE), f"instructions a turn; {DEFAULT_SLICE} unless said"),
}
GUEST_KEYS = {
    "name": Key(_name, "what the table and commands call it; guest1, guest2 and so on unless said"),
    "program": Key(_path, "an image, a source, or a shipped guest's name; each guest has to have one"),
    "technique": Key(_technique, 'how its kernel is run, as "trap+flush"; trap unless said'),
    "memory": Key(_memory, f"its own, set aside whole; {show_size(DEFAULT_MEMORY)} unless said"),
    "share": Key(
        _number_that(check_share),
        f"its part of the host's instructions, against the others' shares; {DEFAULT_SHARE} unless said",
    ),
    "cap": Key(
        _number_that(check_cap),
        "the most of the host's ticks that it gets, in percent, earned tick by tick: it begins, and goes on after each "
        "wait or pause, with nothing saved up, so it waits for its first turn, even alone; 100, no cap, unless said",
    ),
    "max-instructions": Key(_within(0, ALL_BITS), "it is ended after so many; no limit unless said"),
    "paused": Key(_truth, "true: it begins when it is resumed"),
    "copies": Key(_within(1, MAXIMUM_GUESTS), "so many guests alike, called NAME-1, NAME-2 and so on"),
    "input": Key(_path, f'a file, or "{CONSOLE}": what is typed to it, or sent by command; none unless said'),
    "output": Key(_path, "a file for what it writes to its console; only the end is kept unless said"),
    "disk": Key(_path, "a file that is its disk; none unless said, but for the operating system's own"),
    "read-only": Key(_truth, "true: the disk's file is never written"),
    "disk-latency": Key(_within(0, 1 << 62), f"ticks that a disk command takes; {DEFAULT_DISK_LATENCY} unless said"),
    "clock": Key(_within(0, ALL_BITS), "nanoseconds since the epoch at its beginning; a fixed day unless said"),
    "defines": Key(_defines, "symbols for a source, as {N = 5}"),
}
_TABLES = {"[host]": HOST_KEYS, "[[guest]]": GUEST_KEYS}


def values_of(table: dict[str, Any], keys: dict[str, Key], place: str) -> dict[str, Any]:
    """The values of a table, each checked. Raises UsageError with place and key."""
    values = {}
    for key, value in table.items():
        if key not in keys:
            raise UsageError(f"{place}: no key {short(key)}{_hint(key, keys)}")
        try:
            values[key] = keys[key].check(value)
        except UsageError as error:
            raise UsageError(f"{place}: {key}: {error}") from None
    return values


def check_tables(document: dict[str, Any]) -> None:
    """Raise UsageError unless all that a file says stands in its tables."""
    for key in document:
        if key not in ("host", "guest"):
            near = nearest(key, ("host", "guest"))
            raise UsageError(f"no table {short(key)}" + (f"; did you mean {near}?" if near else _hint(key, {})))
    if isinstance(document.get("guest"), dict):
        raise UsageError("guest is one table; write [[guest]], in two brackets, once for each guest")


def _hint(key: str, keys: dict[str, Key]) -> str:
    """What a key that does not stand here may have been meant for: its own table goes before the other one."""
    if places := [place for place, others in _TABLES.items() if key in others]:
        return f"; {key} is a key of {' and of '.join(places)}"
    if near := nearest(key, keys):
        return f"; did you mean {near}?"
    found = ((place, nearest(key, others)) for place, others in _TABLES.items())
    return next((f"; did you mean {near}, a key of {place}?" for place, near in found if near), "")


def help_on_keys() -> str:
    """Every key and what it means, table by table."""
    return "\n\n".join("\n".join(_listed(place, keys)) for place, keys in _TABLES.items())


def _listed(place: str, keys: dict[str, Key]) -> Iterator[str]:
    often = {"[host]": "all of it may be left out", "[[guest]]": "once for each guest"}
    width = max(len(key) for keys in _TABLES.values() for key in keys)
    yield f"{place}, {often[place]}:"
    yield from (f"  {name:<{width}}  {key.means}" for name, key in keys.items())
