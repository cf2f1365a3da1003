"""Parts of a report: sections with their plots and tables, and what is said of where they come from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toyvm.lab.published import MARKS
from toyvm.lab.report.figures import Figures, Record
from toyvm.lab.report.tables import Table
from toyvm.lab.text import version_text

_TAKING = ("technique", "engine", "hardware", "memory", "repeats", "precision", "cost_model", "tlb", "repeat")


@dataclass(frozen=True)
class Part:
    """Plots, by their names, with what they show in words, and the table of their numbers."""

    table: Table
    drawings: Sequence[str] = ()
    said: str = ""


@dataclass(frozen=True)
class Section:
    """A heading and what stands beneath it."""

    name: str
    title: str
    said: Sequence[str] = ()
    parts: Sequence[Part] = ()
    source: str = ""  # of its plots: the run that they are from


def file_name(column: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in column)


def marks() -> str:
    """What the letters behind published figures mean."""
    return "; ".join(f"{mark} {meaning}" for mark, meaning in MARKS.items())


def source_of(machine: Record, command: str, how: str) -> str:
    """A sentence: which run a plot is from."""
    return f"{how} by {command}, {version_text(machine)}, on {machine['cpu']}, {machine['system']}."


def measured(figures: Figures) -> str:
    """Where the times of the workloads are from."""
    return source_of(figures.record["machine"], command_of(figures.record["configuration"]), "Measured")


def command_of(configuration: Record) -> str:
    """The command that results come from, by its options."""
    words = ["toyvm", "lab", *_listed(configuration.get("workloads"))]
    for name in _TAKING:
        if value := configuration.get(name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    for option, name in (("--host", "host"), ("-D", "defines"), ("-I", "include")):
        words += [word for value in _listed(configuration.get(name)) for word in (option, value)]
    return shlex.join([*words, *(["--quick"] if configuration.get("quick") else [])])


def _listed(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []
