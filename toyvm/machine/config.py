"""The native core's configuration of a computer, made from what people say."""

from __future__ import annotations

from typing import Any

from toyvm.arguments import check_pages, check_within
from toyvm.errors import UsageError
from toyvm.isa.control import ALL_BITS
from toyvm.isa.machine import MAXIMUM_MEMORY, MINIMUM_MEMORY, Level
from toyvm.native import ffi

LEVEL_NUMBERS = {level: number for number, level in enumerate(Level)}


def native_config(memory: int | str, level: Level | str, clock_base: int, disk_latency: int) -> Any:
    """The native core's configuration, every part checked. Raises UsageError."""
    size = check_pages(memory, MINIMUM_MEMORY, MAXIMUM_MEMORY, "memory")
    check_within(clock_base, 0, ALL_BITS, "clock base", " ns")
    check_latency(disk_latency)
    return ffi.new(
        "t64_config *",
        {
            "memory": size,
            "clock_base": clock_base,
            "disk_latency": disk_latency,
            "level": LEVEL_NUMBERS[parse_level(level)],
        },
    )


def check_latency(ticks: int) -> int:
    """Of a disk. Raises UsageError."""
    return check_within(ticks, 0, 1 << 62, "disk latency", " ticks")


def parse_level(level: Level | str) -> Level:
    """The hardware level of that name. Raises UsageError."""
    try:
        return Level(level)
    except ValueError:
        raise UsageError(f"no hardware level {level!r}; there are {', '.join(Level)}") from None
