"""Launching: the computer that a technique, an engine and a hardware level make, whichever class it is of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from toyvm.errors import ToyvmError, UsageError
from toyvm.isa.machine import DEFAULT_MEMORY, Level
from toyvm.machine.ctrl_c import interrupts_raised
from toyvm.techniques import ENGINES, parse_variant

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


@interrupts_raised()
def disk_after(disk: bytes | bytearray, script: str) -> bytearray:
    """A copy of a disk of the operating system's as that leaves it when it has run this script, and ended.

    Raises ToyvmError for a script that fails, AssemblyError.
    """
    from toyvm.programs import load_program
    from toyvm.shipped.system_disk import beginning_with

    data = beginning_with(disk, f"{script}\nshutdown $?\n")
    with launched("bare", disk=data, disk_cache=False) as machine:
        machine.load(load_program("os"))
        outcome = machine.run()
        if not outcome.ok:
            raise ToyvmError(f"the operating system could not make the disk: {outcome.detail}")
    return data


def check_choices(technique: str, engine: str, hardware: str | None, said: str = "") -> Level:
    """The hardware level of this combination, in the user's words `said`. Raises UsageError unless it exists."""
    variant = parse_variant(technique)
    check_engine(engine)
    if engine == "reference" and technique != "bare":
        raise UsageError(f"the reference runs the bare machine only, not --technique {technique}")
    levels = variant.facts.levels
    if hardware is not None and hardware not in levels:
        raise UsageError(
            f"{said or f'--hardware {hardware}'}: technique {variant.facts.name} takes {', '.join(levels)}"
        )
    return variant.level if hardware is None else Level(hardware)


def check_engine(name: str) -> None:
    """Raises UsageError unless there is such an engine, and what it needs is installed."""
    if name not in ENGINES:
        raise UsageError(f"no engine {name!r}; there are {', '.join(ENGINES)}")
    if name == "recompiler":
        from toyvm.recompiler.options import check_llvm

        check_llvm()
