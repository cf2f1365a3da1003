"""Launching: the computer that a technique, an engine and a hardware level make, whichever class it is of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from toyvm.isa.machine import DEFAULT_MEMORY, Level
from toyvm.techniques import parse_variant

if TYPE_CHECKING:
    from toyvm.machine.computer import Computer
    from toyvm.recompiler.options import Recompiling


@contextmanager
def launched(
    technique: str,
    memory: int = DEFAULT_MEMORY,
    *,
    engine: str | Recompiling = "interpreter",
    level: Level | None = None,
    **devices: Any,
) -> Iterator[Computer]:
    """A computer with so many bytes of memory: a machine, or a guest alone on a host that has room for it.

    `technique` may name options of it, as in `trap+flush`; `level` is the technique's usual one unless said; `devices`
    are the keywords of them that Machine and Host.guest share. It is closed in the end. Raises UsageError for what does
    not go together, and BadFileError.
    """
    variant = parse_variant(technique)
    level = variant.level if level is None else level
    if variant.facts.name == "bare":
        from toyvm.machine.bare import Machine

        with Machine(memory, engine=engine, level=level, **devices) as machine:
            yield machine
    else:
        from toyvm.host.host import Host, host_memory_for

        with Host(host_memory_for(memory), engine=engine, level=level) as host:
            yield host.guest(variant.name, memory, **devices)
