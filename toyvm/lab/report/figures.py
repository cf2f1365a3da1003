"""Figures of a report: the results of the lab as its JSON has them, asked for by workload and technique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from toyvm.lab.experiment import BASE
from toyvm.lab.published import PLAYED_BY, Role
from toyvm.lab.subjects import INTERPRETER
from toyvm.lab.workloads import SYSTEM_PREFIX

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Figures:
    """One record of `toyvm lab --json`; a column is a technique on an engine, by its label."""

    record: Record

    @cached_property
    def cells(self) -> dict[tuple[str, str], Record]:
        """Those that were measured."""
        return {(one["workload"], label(one)): one for one in self.record["cells"]}

    @cached_property
    def workloads(self) -> list[str]:
        return list(dict.fromkeys(one["workload"] for one in self._all))

    @cached_property
    def columns(self) -> list[str]:
        """All of them, in their order."""
        return list(dict.fromkeys(map(label, self._all)))

    @cached_property
    def compared(self) -> list[str]:
        """The columns besides those of the bare machine."""
        return [column for column in self.columns if column.partition(",")[0] != BASE]

    @property
    def blocks(self) -> dict[str, list[str]]:
        """The workloads of the machine, and those of the operating system, where there are some of them."""
        system = [name for name in self.workloads if name.startswith(SYSTEM_PREFIX)]
        others = [name for name in self.workloads if name not in system]
        return {
            title: names
            for title, names in (("On the machine itself", others), ("In the operating system", system))
            if names
        }

    @cached_property
    def absent(self) -> dict[tuple[str, str], str]:
        """Why a cell has no figures."""
        return {
            (one["workload"], label(one)): f"{word}{one['why']}"
            for key, word in (("missing", ""), ("failed", "failed: "))
            for one in self.record[key]
        }

    def counted_on(self, table: str) -> Record:
        """The machine on which a table was counted that came from a file of its own."""
        found: Record = self.record.get("counted_on", {}).get(table, self.record["machine"])
        return found

    @property
    def _all(self) -> Sequence[Record]:
        return [*self.record["cells"], *self.record["missing"], *self.record["failed"]]

    def ratio(self, workload: str, column: str) -> float | None:
        cell = self.cells.get((workload, column))
        return None if cell is None else cell["ratio"]

    def columns_of(self, workloads: Sequence[str]) -> list[str]:
        """Those of the compared columns that have figures of one of these."""
        return [column for column in self.compared if any((name, column) in self.cells for name in workloads)]

    @cached_property
    def parts(self) -> dict[Role, str]:
        """Who plays the parts of the literature: the first that was measured, interpreted."""
        found = {
            role: next((name for name in names if name in self.columns), None) for role, names in PLAYED_BY.items()
        }
        return {role: column for role, column in found.items() if column is not None}


def label(one: Record) -> str:
    """What a cell's column is called."""
    technique, engine = str(one["technique"]), str(one["engine"])
    return technique if engine == INTERPRETER else f"{technique}, {engine}"
