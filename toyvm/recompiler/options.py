"""How a recompiler works: how hot code must be, how much is compiled at once, and where results are kept."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from toyvm.arguments import unknown_name
from toyvm.errors import UsageError
from toyvm.paths import cache_directory
from toyvm.techniques import ENGINES, NATIVE_ENGINES


class Recompiling(NamedTuple):
    """The engine `recompiler` and its options.

    `threshold`: so many jumps back or calls to a place, and it is compiled; up to 65535. `eager`: compile whatever
    runs, executed before or not, at once. `waiting`: the computer stands still meanwhile, so that a run is the same
    every time; else it goes on interpreting. `limit`: instructions of a region. `shortest`: so many have to follow one
    another in a region without a loop, or it is not worth to be entered. `room`: bytes of compiled code at one time.
    `cache`: a directory that keeps compiled code from run to run; None: nowhere.
    """

    threshold: int = 20_000
    eager: bool = False
    waiting: bool = False
    limit: int = 400
    shortest: int = 12
    room: int = 32 << 20
    cache: Path | None = None


def recompiling_of(engine: str | Recompiling) -> Recompiling | None:
    """The options that an engine's name or its options mean; None: the interpreter. Raises UsageError."""
    if engine == "reference":
        raise UsageError("the reference runs a machine alone; the guests of a host run on the others")
    if isinstance(engine, str) and engine not in NATIVE_ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    if engine == "interpreter":
        return None
    check_llvm()
    return engine if isinstance(engine, Recompiling) else Recompiling(cache=default_directory())


def default_directory() -> Path | None:
    """Where compiled code is kept unless told otherwise; None: nowhere."""
    cache = cache_directory()
    return None if cache is None else cache / "code"


def has_llvm() -> bool:
    """Is llvmlite there?"""
    return find_spec("llvmlite") is not None


def check_llvm() -> None:
    """Raise UsageError unless llvmlite is there."""
    if not has_llvm():
        raise UsageError("the recompiler needs llvmlite: pip install llvmlite")
