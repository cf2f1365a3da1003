"""Time the workloads on each technique, alternately in one run, and print how they compare.

Without names all of them: syscall, crwrite, portio, callret, exception, pagefault, ptupdate, switch, hypercall,
compute, boot, forkwait, diskcopy, console; and of the operating system os/syscall, os/pagefault, os/switch,
os/compute, os/boot, os/forkwait, os/shell, os/diskcopy, os/console.

A program of yours is a row beside those that are named with it: a source (.s), an image, a static RISC-V program, or
another shipped guest. Where it has a dword `operations`, as workload.inc declares it, that many are done; else an
operation is all of it.

`isolation` alone is a table of its own, what a system loses to a neighbour that misbehaves; and `density`, what many
systems on one machine come to. They take --quick, --technique, --json and what does them in parts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toyvm import techniques as known
from toyvm.arguments import parse_size
from toyvm.cli.lab_parts import MERGE, add_part_options, check_merge, is_divided, measure_parts
from toyvm.cli.lab_report import REPORT, SWEPT, add_report_options, execute_report, opened_bundle
from toyvm.cli.lab_results import (
    add_result_options,
    check_result_options,
    compared,
    comparison_lines,
    write_results,
)
from toyvm.cli.options import add_source_options, parse_choices, parse_count, parse_defines
from toyvm.cli.saying import say
from toyvm.cli.studies import STUDIES, execute_study, find_models, is_study, merged_studies, tell_study
from toyvm.errors import ExitCode, UsageError
from toyvm.isa.machine import DEFAULT_MEMORY

if TYPE_CHECKING:
    from toyvm.lab.experiment import Effort, Experiment
    from toyvm.lab.plan import Plan

_CHANGED = 1  # exit code
_MOST_REPEATS = 100  # with a precision, unless said


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "workloads",
        nargs="*",
        metavar="WORKLOAD",
        help="which ones, all unless said; or a file, a program of yours",
    )
    parser.add_argument("--list", action="store_true", help="say what the workloads and techniques are, and end")
    what = parser.add_argument_group("what is compared")
    what.add_argument(
        "--technique",
        metavar="T,...",
        help=f"of {', '.join(known.NAMES)}, with options as in trap+flush, or a monitor in Python, MODULE:CLASS or "
        f"FILE.py:CLASS, or for the operating system's programs {' or '.join(known.SYSTEM_NAMES)}; unless said, these "
        f"two, and of the others those that the hardware has: {', '.join(known.COMPARED)}",
    )
    what.add_argument(
        "--host",
        metavar="HOST",
        action="append",
        default=[],
        help="compare with the first guest of this host file, too: each workload runs in its place, beside the others",
    )
    what.add_argument("--engine", metavar="E,...", help=f"of {', '.join(known.ENGINES)}; interpreter unless said")
    what.add_argument("--hardware", metavar="L", help="hardware level; strict unless said, or assist")
    own = parser.add_argument_group("for a program of yours")
    own.add_argument("--memory", metavar="SIZE", help="what it has of memory; 16M unless said")
    add_source_options(own)
    how = parser.add_argument_group("how precisely")
    how.add_argument(
        "--repeats",
        metavar="N",
        help=f"repetitions of each: 7, with --quick 3, with --precision up to {_MOST_REPEATS}",
    )
    how.add_argument(
        "--precision",
        metavar="P",
        help="repeat each until half of the interval that its median lies in is so little of it: 2%%, or 0.02",
    )
    how.add_argument("--quick", action="store_true", help="short runs: all of it in about half a minute of CPU time")
    add_part_options(parser.add_argument_group("in parts, on several cores or machines"))
    result = parser.add_argument_group("what comes of it")
    result.add_argument(
        "--all",
        action="store_true",
        help="print times, instructions and exits of each cell too, where the time went, the figures of the "
        "literature, and how much of the kernel a port changes",
    )
    add_result_options(result)
    add_report_options(parser.add_argument_group("a report of it"))
    modelling = parser.add_argument_group("costs elsewhere, of the same exact counts")
    modelling.add_argument(
        "--cost-model",
        metavar="M,...",
        help="print what they cost under these models too, in tables of their own: measured, "
        f"{', '.join(_shipped_models())}, or FILE.toml",
    )
    modelling.add_argument(
        "--tlb",
        metavar="ExW",
        help="count what a TLB of E entries in sets of W ways would miss, as 64x4, and the steps of the walks, in a "
        "table of their own and in cost models: by runs besides those that are timed",
    )
    modelling.add_argument(
        "--sweep",
        action="store_true",
        help="measure nothing: print where guest mode overtakes rewriting, by what an exit costs and by the share of "
        f"privileged instructions, at the other prices of --cost-model, {SWEPT} unless said; with --tlb, what nested "
        "paging costs by the size of a working set; --json writes it",
    )


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.cli.width import output_width
    from toyvm.lab.modelled import model_lines, model_records
    from toyvm.lab.report.bundle import check_bundled
    from toyvm.lab.tlb_misses import count_misses, miss_lines, miss_records
    from toyvm.machine.tlb import tlb_shape
    from toyvm.report.records import machine_record

    if arguments.list:
        print("\n".join(_descriptions(output_width())))
        return ExitCode.OK
    if is_study(arguments):
        return execute_study(arguments)
    if arguments.workloads[:1] == [REPORT]:
        return execute_report(arguments)
    if arguments.workloads[:1] == [MERGE]:
        return _merge(arguments)
    baseline = check_result_options(arguments)
    models = find_models(arguments.cost_model)
    shape = None if arguments.tlb is None else tlb_shape(arguments.tlb, "--tlb")
    with tempfile.TemporaryDirectory(prefix="toyvm-lab-") as code_cache:
        if arguments.repeat:
            bundle = opened_bundle(arguments, Path(code_cache))
            plan, baseline = bundle.plan, baseline or dict(bundle.record)
        else:
            plan = _plan(arguments)
        experiment = plan.experiment(Path(code_cache), _warn)
        experiment.check()
        if arguments.bundle:
            check_bundled(plan)
        _measure(experiment, plan, arguments)
        missed = count_misses(experiment, shape) if shape is not None else {}
        derived: dict[str, Any] = {}
        more: list[str] = []
        if shape is not None:
            more += ["", *miss_lines(experiment, missed, shape, output_width())]
            derived["tlb"] = miss_records(missed, shape)
        for model in models:
            more += ["", *model_lines(experiment, model, output_width(), missed)]
        if models:
            derived["cost_models"] = model_records(experiment, models, missed)
        return _tell(experiment, machine_record(), arguments, baseline, more, derived, plan)


def _merge(arguments: argparse.Namespace) -> int:
    """`toyvm lab merge FILE...`: of a study, or of the lab's own tables."""
    from toyvm.lab.merging import merge
    from toyvm.lab.results import results_text

    paths = check_merge(arguments)
    first = results_text(paths[0])
    if merged := merged_studies(arguments, paths, first):
        return tell_study(*merged, arguments)
    baseline = check_result_options(arguments)
    return _tell(*merge(paths, first), arguments, baseline)


def _tell(
    experiment: Experiment,
    machine: Mapping[str, Any],
    arguments: argparse.Namespace,
    baseline: dict[str, Any] | None,
    more: Sequence[str] = (),
    derived: Mapping[str, Any] = MappingProxyType({}),
    plan: Plan | None = None,
) -> int:
    """Print it, with `more` beneath the tables, and write the files that were asked for; the exit code."""
    from toyvm.cli.width import output_width
    from toyvm.lab.contexts import context_lines
    from toyvm.lab.matrix import matrix_lines
    from toyvm.lab.noise import noise_lines, quick_sentence
    from toyvm.lab.table import lines
    from toyvm.lab.text import wrapped
    from toyvm.printable import printable

    width = output_width()
    matrix = list(matrix_lines(experiment, width))
    shown = [*matrix]
    if contexts := list(context_lines(experiment, width)):
        shown += ["", *contexts] if shown else contexts
    if arguments.all or not matrix:
        shown += ["", *lines(experiment, width)] if shown else lines(experiment, width)
    else:
        shown += ["", "--all shows times, instructions and exits, where the time went, and the literature's figures."]
    shown += more
    noise = [*noise_lines(experiment, width, _precision(arguments.precision))]
    if experiment.is_quick:
        noise += wrapped(quick_sentence(), width)
    if noise:
        shown += ["", *noise]
    changes = None if baseline is None else compared(experiment, baseline, machine)
    if baseline is not None and changes is not None:
        shown += comparison_lines(changes, baseline, arguments.baseline or arguments.repeat, width)
    written = write_results(
        experiment, arguments, derived, machine, plan
    )  # before anybody can close what is printed to
    print(printable("\n".join(shown), keep="\n"))
    if experiment.is_interrupted:
        say(_interrupted(experiment, written))
        return ExitCode.INTERRUPTED
    if experiment.failures:
        return ExitCode.GUEST_FAULT
    return _CHANGED if arguments.fail_on_change and changes is not None and changes.has_changed else ExitCode.OK


def _interrupted(experiment: Experiment, written: Sequence[str]) -> str:
    from toyvm.lab.experiment import INTERRUPTED

    cells = [cell for cell in experiment.cells.values() if cell.measured or cell.missing == INTERRUPTED]
    measured = sum(cell.measured for cell in cells)
    kept = f"; written to {', '.join(written)}" if written else ""
    return f"interrupted: {measured} of {len(cells)} cells are measured, some with fewer repetitions{kept}"


def _descriptions(width: int) -> Iterator[str]:
    """The workloads and the techniques, a few words each."""
    from toyvm.lab.text import wrapped
    from toyvm.lab.workloads import find_workloads

    for title, rows in (
        ("Workloads, by what one operation is:", [(one.name, one.operation) for one in find_workloads()]),
        ("Techniques:", [(each.name, each.description) for each in (*known.TECHNIQUES, *known.SYSTEM_TECHNIQUES)]),
    ):
        yield title
        longest = max(len(name) for name, _ in rows)
        for name, text in rows:
            yield from wrapped(f"  {name:<{longest}}  {text}", width, " " * (longest + 4))
        yield ""
    for name, text in STUDIES.items():
        yield from wrapped(f"toyvm lab {name}: {text}.", width)
    yield f"With options, compared unless said otherwise: {', '.join(name for name in known.COMPARED if '+' in name)}."


def _techniques(arguments: argparse.Namespace) -> list[str]:
    """Those asked for; or all that exist on the hardware level. Raises UsageError."""
    from toyvm.own_classes import is_own

    if arguments.technique is None:
        level = arguments.hardware
        every = (*known.COMPARED, *known.SYSTEM_NAMES)
        return [name for name in every if level is None or level in known.facts_of(name).levels]
    names = [name.strip() for name in arguments.technique.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--technique: name at least one of {', '.join(known.NAMES)}")
    return list(dict.fromkeys(name if is_own(name) else known.parse_any(name).name for name in names))


def _plan(arguments: argparse.Namespace) -> Plan:
    """What is to be measured, each word checked. Raises UsageError, BadFileError."""
    from toyvm.lab.own_program import is_own
    from toyvm.lab.plan import Plan
    from toyvm.lab.workloads import find_workloads

    shipped = [workload.name for workload in find_workloads()]
    own = [word for word in arguments.workloads if is_own(word, shipped)]
    if not own:
        for option, given in (("--memory", arguments.memory), ("-D", arguments.defines), ("-I", arguments.include)):
            if given:
                raise UsageError(f"{option} says something about a program of yours, and there is none")
    plan = Plan(
        workloads=tuple(name for name in arguments.workloads if name not in own),
        programs=tuple(own),
        techniques=tuple(_techniques(arguments)),
        engines=tuple(parse_choices(arguments.engine or "interpreter", known.ENGINES, "--engine")),
        hardware=arguments.hardware,
        hosts=tuple(arguments.host),
        memory=parse_size(arguments.memory or DEFAULT_MEMORY, "--memory"),
        defines=parse_defines(arguments.defines),
        include=tuple(arguments.include),
        effort=_effort(arguments),
    )
    plan.check()
    return plan


def _warn(message: str) -> None:
    say(message, prefix="")


def _effort(arguments: argparse.Namespace) -> Effort:
    from dataclasses import replace

    from toyvm.lab.experiment import FULL, QUICK

    effort = QUICK if arguments.quick else FULL
    repeats, precision = parse_count(arguments.repeats, "--repeats"), _precision(arguments.precision)
    if repeats is not None:
        effort = replace(effort, repeats=repeats)
    elif precision is not None:
        effort = replace(effort, repeats=_MOST_REPEATS)
    return replace(effort, precision=precision)


def _measure(experiment: Experiment, plan: Plan, arguments: argparse.Namespace) -> None:
    from toyvm.lab.progress import Progress

    with Progress(sys.stderr) as progress:
        if is_divided(arguments):
            measure_parts(experiment, plan, arguments, progress.show)
        else:
            experiment.run(plan.effort, progress.show)


def _precision(text: str | None) -> float | None:
    """A share, as 2% or 0.02. Raises UsageError."""
    from toyvm.lab.experiment import PRECISIONS, is_precision

    if text is None:
        return None
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1) if text.isascii() else 0.0
    except ValueError:
        value = 0.0
    if not is_precision(value):
        raise UsageError(f"--precision {text}: {PRECISIONS}")
    return value


def _shipped_models() -> list[str]:
    from toyvm.lab.cost_models import shipped_models

    return list(shipped_models())
