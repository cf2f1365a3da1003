"""Workloads: the shipped micro-programs that the lab times, and the images they are built into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from toyvm.arguments import unknown_name
from toyvm.errors import BadFileError, UsageError
from toyvm.lab.tasks import OwnKernel, with_dword
from toyvm.paths import guests_directory
from toyvm.programs import load_program
from toyvm.shipped.headers import Header, read_header

# The first seven are the nanobenchmarks of Adams and Agesen (ASPLOS 2006); further ones follow by name.
_ORDER = (
    *("syscall", "crwrite", "portio", "callret", "exception", "pagefault", "ptupdate"),
    *("switch", "hypercall", "compute", "boot", "forkwait", "diskcopy", "console"),
)


@dataclass(frozen=True)
class Workload:
    """A program that does `operations` operations, a dword at the symbol of that name, and switches off with 0."""

    name: str
    path: Path

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

    def why_missing(self, technique: str) -> str | None:
        """Why the workload cannot exist on the technique, or None."""
        return self.header.why_missing(technique)

    def task(self, technique: str) -> OwnKernel:
        """What it is there. Raises AssemblyError, BadFileError."""
        image, sectors = load_program(self.path, technique), self.header.number("disk", 0) or 0
        return OwnKernel(image, sectors, self.header.number("period", 1) or 1)

    def task_with(self, technique: str, symbol: str, value: int) -> OwnKernel:
        """The same, with another dword at a symbol of it."""
        task = self.task(technique)
        return replace(task, image=with_dword(task.image, symbol, value))


def find_workloads(names: Sequence[str] = ()) -> list[Workload]:
    """The workloads of these names, or all that are not for sweeps. Raises UsageError for one that is not there."""
    root = guests_directory() / "workloads"
    found = {path.stem: Workload(path.stem, path) for path in sorted(root.glob("*.s"))}
    if not found:
        raise BadFileError(f"{root}: there are no workloads")
    ordered = {name: found[name] for name in (*_ORDER, *found) if name in found}
    for name in names:
        if name not in ordered:
            raise UsageError(f"{unknown_name('workload', name, ordered)} (there are {', '.join(ordered)})")
    if names:
        return [ordered[name] for name in dict.fromkeys(names)]
    return [workload for workload in ordered.values() if not workload.is_for_sweeps]
