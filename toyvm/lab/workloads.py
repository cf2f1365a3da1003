"""Workloads: the shipped micro-programs, and programs of the shipped operating system, that the lab times."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from toyvm.arguments import unknown_name
from toyvm.errors import BadFileError
from toyvm.lab.builds import shipped_build
from toyvm.lab.tasks import OwnKernel, SystemScript, Task, WholeRun, with_dword
from toyvm.paths import guests_directory
from toyvm.shipped.headers import Header, read_header
from toyvm.shipped.system_disk import timed_programs
from toyvm.techniques import SYSTEM_NAMES

# The first seven are the nanobenchmarks of Adams and Agesen (ASPLOS 2006); further ones follow by name.
_ORDER = (
    *("syscall", "crwrite", "portio", "callret", "exception", "pagefault", "ptupdate"),
    *("switch", "hypercall", "compute", "boot", "forkwait", "shell", "diskcopy", "console"),
)
SYSTEM_PREFIX = "os/"  # before the names of the operating system's


class Block(StrEnum):
    """Which part of the matrix a workload is in, by its title."""

    OWN_KERNEL = ""
    SYSTEM = "Programs of the operating system"


@dataclass(frozen=True)
class Workload(ABC):
    """Something that can be done any number of times on each technique, described in a source's header."""

    name: str
    path: Path

    @property
    @abstractmethod
    def block(self) -> Block: ...

    @abstractmethod
    def task(self, technique: str) -> Task:
        """What it is there. Raises AssemblyError, BadFileError."""

    @cached_property
    def header(self) -> Header:
        return read_header(self.path)

    @property
    def operation(self) -> str:
        """What one operation is."""
        return self.header.values.get("operation", "")

    @property
    def is_for_sweeps(self) -> bool:
        """Does it hang on a parameter, so that one of its rows alone says little?"""
        return "sweep" in self.header.values

    @property
    def is_same_inside(self) -> bool:
        """Is its operation in a context the same as elsewhere?"""
        return self.header.values.get("repeated") != "boot"

    def why_missing(self, technique: str) -> str | None:
        """Why the workload cannot exist on the technique, or None."""
        if technique in SYSTEM_NAMES:
            return "it needs a kernel of its own, and there the operating system's is the only one"
        return self.header.why_missing(technique)

    def _number(self, key: str, default: int = 0) -> int:
        return self.header.number(key, default) or default


class KernelWorkload(Workload):
    """A program with a kernel of its own: guests/include/workload.inc says what it is to be like."""

    @property
    def block(self) -> Block:
        return Block.OWN_KERNEL

    def task(self, technique: str) -> OwnKernel:
        return OwnKernel(shipped_build(self.path, technique), self._number("disk"), self._number("period", 1))

    def task_with(self, technique: str, symbol: str, value: int) -> OwnKernel:
        """The same, with another dword at a symbol of it."""
        task = self.task(technique)
        return replace(task, image=with_dword(task.image, symbol, value))


class SystemWorkload(Workload):
    """A program or script of the operating system: guests/os/bench/bench.inc says what it is to be like."""

    @property
    def block(self) -> Block:
        return Block.SYSTEM

    def why_missing(self, technique: str) -> str | None:
        return None if technique in SYSTEM_NAMES else super().why_missing(technique)

    def task(self, technique: str) -> SystemScript | WholeRun:
        from toyvm.lab.system import Work, boot_task, work_task

        period, settling = self._number("period", 1), self._number("settling")
        if not self.is_same_inside:
            return boot_task(technique, period, settling)
        is_script = self.path.suffix == ".sh"
        work = Work(lines=_lines_of(self.path)) if is_script else Work(self.path, sectors=self._number("files"))
        return work_task(work, technique, period, settling)


def _lines_of(script: Path) -> str:
    """What a script does, without remarks."""
    lines = (line for line in script.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return "".join(f"{line}\n" for line in lines)


def find_workloads(names: Sequence[str] = ()) -> list[Workload]:
    """The workloads of these names, or all that are not for sweeps. Raises UsageError for one that is not there."""
    there = _shipped()
    for name in names:
        if name not in there:
            raise unknown_name("workload", name, there, are_listed=True)
    if names:
        return [there[name] for name in dict.fromkeys(names)]
    return [workload for workload in there.values() if not workload.is_for_sweeps]


def _shipped() -> Mapping[str, Workload]:
    """All by name, in their order: those with kernels of their own, then the operating system's."""
    root = guests_directory()
    own = {path.stem: KernelWorkload(path.stem, path) for path in (root / "workloads").glob("*.s")}
    scripts = {path.stem: path for path in (root / "os" / "bench").glob("*.sh")}
    system = {
        name: SystemWorkload(f"{SYSTEM_PREFIX}{name}", path) for name, path in {**timed_programs(), **scripts}.items()
    }
    if not own or not system:
        raise BadFileError(f"{root}: there are no workloads")
    return {one.name: one for found in (own, system) for one in _in_order(found)}


def _in_order(found: Mapping[str, Workload]) -> list[Workload]:
    return [found[name] for name in (*_ORDER, *sorted(found.keys() - {*_ORDER})) if name in found]
