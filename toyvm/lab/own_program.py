"""Programs that a user brings: a source, an image or a RISC-V program, timed beside the shipped workloads.

One that has a dword of initialised data at the global symbol `operations`, as guests/include/workload.inc declares it,
does as many operations as the lab writes there. Of any other an operation is all of it, from start to end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import shown
from toyvm.isa.machine import DEFAULT_MEMORY
from toyvm.lab.builds import BUILT_FOR
from toyvm.lab.tasks import Load, OwnKernel, WholeRun, empty_disk
from toyvm.lab.workloads import SYSTEM_PREFIX, Block, Workload
from toyvm.programs import find_program, is_riscv_program, is_source, is_system, load_program, shipped_guests
from toyvm.shipped.headers import Header, read_header
from toyvm.techniques import Build, facts_of

if TYPE_CHECKING:
    from toyvm.image import Image
    from toyvm.lab.tasks import Task

_OPERATIONS = "operations"
_LONGEST_NAME = 20  # characters, in a table
_MAXIMUM_SECTORS = 1 << 17  # of a disk that a header asks for: 64 MiB
_MAXIMUM_PERIOD = 1 << 32  # operations


@dataclass(frozen=True)
class Building:
    """How the sources that a user brings are assembled, and what they are given."""

    memory: int = DEFAULT_MEMORY
    defines: Mapping[str, int] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    listen: Callable[[str], None] | None = None  # to what the assembler warns of


@dataclass(frozen=True)
class OwnProgram(Workload):
    """A program of the user's. The header of a source may say what those of shipped guests say."""

    building: Building = field(default=Building(), hash=False)
    _images: dict[Build, Image] = field(default_factory=dict, hash=False, compare=False, repr=False)

    @property
    def block(self) -> Block:
        return Block.OWN_KERNEL

    @cached_property
    def header(self) -> Header:
        return read_header(self.path) if is_source(self.path) else Header(self.name)

    @property
    def operation(self) -> str:
        return super().operation or ("" if self._counts_operations else "all of it, from start to end")

    def task(self, technique: str) -> Task:
        image, memory = self._image(technique), self.building.memory
        sectors = self._within("disk", 0, 0, _MAXIMUM_SECTORS)
        period = self._within("period", 1, 1, _MAXIMUM_PERIOD)
        exit_code, given = self._within("exit", 0, 0, 99), self.header.text("input") or b""
        if self._counts_operations:
            return OwnKernel(image, sectors, period, input=given, memory=memory, exit_code=exit_code)
        return WholeRun(Load(image, empty_disk(sectors), given, memory, exit_code))

    def _within(self, key: str, default: int, low: int, high: int) -> int:
        value = self.header.number(key, default)
        if value is None or not low <= value <= high:
            raise BadFileError(f"{shown(self.path)}: the header's {key} is {value}; it takes {low}..{high}")
        return value

    @cached_property
    def _counts_operations(self) -> bool:
        """Does it do as many operations as it is told to? Raises BadFileError where that cannot be told to it."""
        image = self._image(self.header.techniques[0])
        place = next((it for it in image.symbols if it.name == _OPERATIONS and it.is_global and it.section), None)
        if place is None or is_riscv_program(self.path):
            return False
        if not any(0 <= place.address - segment.address <= len(segment.data) - 8 for segment in image.segments):
            raise BadFileError(
                f"{shown(self.path)}: {_OPERATIONS} is not in initialised data, where the lab could write how many; "
                f"it takes .data and {_OPERATIONS}: .dword 1"
            )
        return True

    def why_missing(self, technique: str) -> str | None:
        why = super().why_missing(technique)
        if why is not None or not is_source(self.path) or facts_of(technique).build is Build.PLAIN:
            return why
        plain = BUILT_FOR[Build.PLAIN]
        if super().why_missing(plain) is None and self._image(technique) == self._image(plain):
            return f"{self.name} is not ported: PARAVIRT changes nothing in it"
        return None

    def _image(self, technique: str) -> Image:
        """As built for the technique. Raises AssemblyError, BadFileError, UsageError."""
        build = facts_of(technique).build
        if build not in self._images:
            given = self.building if is_source(self.path) else Building()
            self._images[build] = load_program(
                self.path, technique, defines=given.defines, include=given.include, listen=given.listen
            )
        return self._images[build]


def is_own(word: str, shipped: Sequence[str]) -> bool:
    """Does a word name a program that is none of the shipped workloads: a file, or another guest of toyvm's?"""
    if word in shipped:
        return False
    path = Path(word)
    is_path = "/" in word and not word.startswith(SYSTEM_PREFIX)
    return is_source(path) or path.exists() or is_path or word in shipped_guests()


def own_programs(words: Sequence[str], taken: Sequence[str], building: Building) -> list[OwnProgram]:
    """The programs that these words name, each under a name of its own. Raises BadFileError, UsageError."""
    found: dict[Path, OwnProgram] = {}
    names = set(taken)
    for word in words:
        path = find_program(word)
        if is_system(word):
            raise UsageError(f"{word}: the operating system waits to be typed to; time a program that ends by itself")
        if path not in found:
            name = _name(path, names)
            names.add(name)
            found[path] = OwnProgram(name, path, building)
    return list(found.values())


def _name(path: Path, taken: set[str]) -> str:
    """A short name that is not taken yet."""
    stem = path.stem if len(path.stem) <= _LONGEST_NAME else f"{path.stem[: _LONGEST_NAME - 3]}..."
    return next(
        name for name in (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))) if name not in taken
    )
