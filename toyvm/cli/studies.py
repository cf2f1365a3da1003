"""Tables of the lab that have programs of their own: `toyvm lab isolation`, `toyvm lab density`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toyvm.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from toyvm.lab.isolation import Pair

STUDIES = {
    "isolation": "what a system's work loses to a neighbour that misbehaves, as machines and as contexts",
    "density": "what many systems on one machine come to, as machines and as contexts",
}
_REQUESTS, _QUICK_REQUESTS = 200, 20
# Of the matrix.
_OTHER_OPTIONS = (
    *("engine", "hardware", "repeats", "precision", "host", "memory", "defines", "include", "cost_model", "tlb"),
    *("workers", "executor", "shard", "ledger", "sweep", "all", "csv", "parquet", "markdown", "latex"),
    *("baseline", "fail_on_change", "html", "svg", "bundle", "repeat"),
)


def is_study(arguments: argparse.Namespace) -> bool:
    """Is such a table asked for? Raises UsageError for one beside others, or with what it does not heed."""
    named = [name for name in arguments.workloads if name in STUDIES]
    if not named:
        return False
    if len(arguments.workloads) > 1:
        raise UsageError(f"{named[0]} is a table of its own; name nothing beside it")
    for option in _OTHER_OPTIONS:
        if getattr(arguments, option, None):
            raise UsageError(f"--{option.replace('_', '-')} says nothing of {named[0]}, which is counted, not timed")
    return True


def execute_study(arguments: argparse.Namespace) -> int:
    from toyvm.cli.outputs import check_outputs
    from toyvm.lab.progress import Progress

    check_outputs({"--json": arguments.json})
    with Progress(sys.stderr) as progress:
        lines, record = _TABLES[arguments.workloads[0]](arguments, progress.show)
    from toyvm.printable import printable

    if arguments.json:  # before anybody can close what is printed to
        from toyvm.report.records import machine_record, write_json

        write_json(Path(arguments.json), {"machine": machine_record(), arguments.workloads[0]: record})
    print(printable("\n".join(lines), keep="\n"))
    return ExitCode.OK


def _isolation(arguments: argparse.Namespace, progress: Callable[[str], None]) -> tuple[list[str], dict[str, Any]]:
    from toyvm.cli.width import output_width
    from toyvm.lab.isolation import TECHNIQUES, Contexts, Isolation, Machines, isolation_lines

    names = _techniques(arguments, TECHNIQUES)
    ways: list[Pair] = [Machines(name) for name in names if name != "container"]
    if "container" in names:
        ways += [Contexts(True), Contexts(False)]
    table = Isolation(ways, _QUICK_REQUESTS if arguments.quick else _REQUESTS)
    table.run(progress)
    return list(isolation_lines(table, output_width())), table.record()


def _density(arguments: argparse.Namespace, progress: Callable[[str], None]) -> tuple[list[str], list[dict[str, Any]]]:
    from toyvm.cli.width import output_width
    from toyvm.lab.density import Density, ManyContexts, ManyMachines, Way, density_lines
    from toyvm.lab.isolation import TECHNIQUES

    names = _techniques(arguments, TECHNIQUES)
    ways: list[Way] = [ManyMachines(name) for name in names if name != "container"]
    if "container" in names:
        ways.append(ManyContexts())
    table = Density(ways, [1 << power for power in range(4 if arguments.quick else 8)])
    table.run(progress)
    return list(density_lines(table, output_width())), table.record()


_Table = tuple[list[str], Any]  # its lines, and its record
_TABLES: dict[str, Callable[[argparse.Namespace, Callable[[str], None]], _Table]] = {
    "isolation": _isolation,
    "density": _density,
}
assert _TABLES.keys() == STUDIES.keys()


def _techniques(arguments: argparse.Namespace, usual: tuple[str, ...]) -> list[str]:
    """Those asked for, `container` for contexts among them, or the usual ones. Raises UsageError."""
    from toyvm.techniques import CONTAINER, parse_variant

    if arguments.technique is None:
        return [*usual, CONTAINER]
    names = list(dict.fromkeys(name.strip() for name in arguments.technique.split(",") if name.strip()))
    for name in names:
        if name == "bare":
            raise UsageError("two systems on the bare machine are contexts; --technique container")
        if name != CONTAINER:
            parse_variant(name)
    if not names:
        raise UsageError(f"--technique: name at least one of {', '.join((*usual, CONTAINER))}")
    return names
