"""Tables of the lab that are counted: `toyvm lab isolation`, `toyvm lab density`, and what `--sweep` asks for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toyvm.cli.lab_parts import do_divided, is_divided
from toyvm.cli.lab_report import SWEPT, TIMING, given_option
from toyvm.cli.saying import say
from toyvm.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from toyvm.lab.cost_models import CostModel
    from toyvm.lab.study import Study

STUDIES = {
    "isolation": "what a system's work loses to a neighbour that misbehaves, as machines and as contexts",
    "density": "what many systems on one machine come to, as machines and as contexts",
}
_REQUESTS, _QUICK_REQUESTS = 200, 20
# Of the matrix and its results; no more does any of these tables heed how runs are timed.
_OF_THE_MATRIX = ("all", "csv", "parquet", "markdown", "latex", "baseline", "fail_on_change", "html", "svg", "bundle")
_UNNAMED = ("tlb", "cost_model", "sweep")  # what a table that is named does not heed
_UNSWEPT = ("technique", "quick")  # what the sweeps do not


def is_study(arguments: argparse.Namespace) -> bool:
    """Is such a table asked for? Raises UsageError for one beside others, or with what it does not heed."""
    named = [name for name in arguments.workloads if name in STUDIES]
    if not named and not arguments.sweep:
        return False
    if len(arguments.workloads) > 1 and named:
        raise UsageError(f"{named[0]} is a table of its own; name nothing beside it")
    if not named and (arguments.technique or arguments.workloads):
        raise UsageError("--sweep has a workload and techniques of its own; name none")
    unheeded = (*TIMING, "repeat", *_OF_THE_MATRIX, *(_UNNAMED if named else _UNSWEPT))
    _check_unheeded(arguments, unheeded, named[0] if named else "a sweep")
    if arguments.shard and not (arguments.json or arguments.ledger):
        raise UsageError(
            "--shard counts a slice of the table; add --json FILE, for `toyvm lab merge`, or --ledger FILE"
        )
    return True


def _check_unheeded(arguments: argparse.Namespace, options: Sequence[str], what: str) -> None:
    if option := given_option(arguments, options):
        raise UsageError(f"{option} says nothing of {what}, which is counted, not timed")


def execute_study(arguments: argparse.Namespace) -> int:
    from toyvm.cli.outputs import check_outputs
    from toyvm.lab import studies
    from toyvm.lab.progress import Progress
    from toyvm.report.records import machine_record

    check_outputs({"--json": arguments.json, "--ledger": arguments.ledger})
    study = _study(arguments)
    with Progress(sys.stderr) as progress:
        if is_divided(arguments):
            take = partial(studies.take, study)
            do_divided(studies.parts_of(study), studies.work, arguments, progress.show, take)
        else:
            studies.count(study, progress.show)
    return tell_study(study, machine_record(), arguments)


def tell_study(study: Study, machine: Mapping[str, Any], arguments: argparse.Namespace) -> int:
    """Print the table, or what there is of a slice, and write the file that was asked for; the exit code."""
    from toyvm.cli.width import output_width
    from toyvm.lab.studies import missing_text, study_record
    from toyvm.printable import printable
    from toyvm.report.records import write_json

    lines = [] if study.missing else list(study.lines(output_width()))
    if arguments.json:  # before anybody can close what is printed to
        write_json(Path(arguments.json), study_record(study, machine))
    if study.missing:
        say(f"{missing_text(study)}; `toyvm lab merge` joins what --json wrote of its slices", prefix="")
    else:
        print(printable("\n".join(lines), keep="\n"))
    return ExitCode.OK


def merged_studies(
    arguments: argparse.Namespace, paths: Sequence[Path], first: str
) -> tuple[Study, Mapping[str, Any]] | None:
    """What `toyvm lab merge FILE...` joins of a study, and the machines; None where the files have none.

    `first` is the text of the first of them. Raises UsageError and BadFileError.
    """
    from toyvm.cli.outputs import check_kept, check_outputs
    from toyvm.lab.studies import merge_studies

    check_outputs({"--json": arguments.json})
    check_kept({"--json": arguments.json}, paths)
    merged = merge_studies(paths, first)
    if merged is not None:
        _check_unheeded(arguments, _OF_THE_MATRIX, merged[0].name)
    return merged


def _study(arguments: argparse.Namespace) -> Study:
    """The table that is asked for, with nothing counted. Raises UsageError and BadFileError."""
    return _TABLES[arguments.workloads[0]](arguments) if arguments.workloads else _sweep(arguments)


def _isolation(arguments: argparse.Namespace) -> Study:
    from toyvm.lab.isolation import CONTEXTS, TECHNIQUES, Isolation

    names = _techniques(arguments, TECHNIQUES)
    ways = [name for name in names if name != "container"]
    if "container" in names:
        ways += CONTEXTS
    return Isolation(ways, _QUICK_REQUESTS if arguments.quick else _REQUESTS)


def _density(arguments: argparse.Namespace) -> Study:
    from toyvm.lab.density import CONTEXTS, Density
    from toyvm.lab.isolation import TECHNIQUES

    names = _techniques(arguments, TECHNIQUES)
    ways = [name for name in names if name != "container"]
    if "container" in names:
        ways.append(CONTEXTS)
    return Density(ways, [1 << power for power in range(4 if arguments.quick else 8)])


_TABLES: dict[str, Callable[[argparse.Namespace], Study]] = {"isolation": _isolation, "density": _density}
assert _TABLES.keys() == STUDIES.keys()


def _sweep(arguments: argparse.Namespace) -> Study:
    from toyvm.lab.exit_sweep import ExitSweep
    from toyvm.lab.working_set import WorkingSets
    from toyvm.machine.tlb import tlb_shape

    models = find_models(arguments.cost_model or SWEPT)
    if len(models) != 1 or models[0] is None:
        raise UsageError(f"--cost-model {arguments.cost_model}: a sweep takes one model, and not the measured prices")
    model = models[0]
    if arguments.tlb is not None:
        return WorkingSets(tlb_shape(arguments.tlb, "--tlb"), model)
    return ExitSweep(model)


def find_models(text: str | None) -> list[CostModel | None]:
    """Those of that list. Raises UsageError and BadFileError."""
    from toyvm.lab.cost_models import find_model

    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if text is not None and not names:
        raise UsageError("--cost-model: name at least one, measured or a file's")
    return [find_model(name) for name in dict.fromkeys(names)]


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
