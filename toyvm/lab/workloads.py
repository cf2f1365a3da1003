"""Workloads: the shipped micro-programs that the lab times, and the images they are built into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.arguments import unknown_name
from toyvm.errors import BadFileError, UsageError
from toyvm.lab.tasks import OwnKernel
from toyvm.paths import guests_directory
from toyvm.programs import load_program
from toyvm.shipped.headers import Header, read_header

if TYPE_CHECKING:
    from toyvm.lab.tasks import Task

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

    def why_missing(self, technique: str) -> str | None:
        """Why the workload cannot exist on the technique, or None."""
        return self.header.why_missing(technique)

    def task(self, technique: str) -> Task:
        """What it is there. Raises AssemblyError, BadFileError."""
        image, sectors = load_program(self.path, technique), self.header.number("disk", 0) or 0
        return OwnKernel(image, sectors, self.header.number("period", 1) or 1)


def find_workloads(names: Sequence[str] = ()) -> list[Workload]:
    """The workloads of these names, or all. Raises UsageError for one that is not there."""
    root = guests_directory() / "workloads"
    found = {path.stem: Workload(path.stem, path) for path in sorted(root.glob("*.s"))}
    if not found:
        raise BadFileError(f"{root}: there are no workloads")
    ordered = {name: found[name] for name in (*_ORDER, *found) if name in found}
    for name in names:
        if name not in ordered:
            raise UsageError(f"{unknown_name('workload', name, ordered)} (there are {', '.join(ordered)})")
    return [ordered[name] for name in dict.fromkeys(names)] if names else list(ordered.values())
