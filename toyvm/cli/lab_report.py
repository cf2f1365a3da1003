"""The lab's report: a page, plots and a bundle made of results, measured now or saved; and a bundle done again."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toyvm.cli.options import Options
from toyvm.cli.saying import say
from toyvm.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from toyvm.lab.plan import Plan
    from toyvm.lab.report.bundle import Bundle

REPORT = "report"  # in the place of workloads
SWEPT = "pentium4-vtx"  # a sweep's prices unless said
# Options by their attributes: how runs are timed, and all of what is measured and by whom.
TIMING = ("engine", "hardware", "host", "memory", "defines", "include", "repeats", "precision")
MEASURING = ("technique", *TIMING, "quick", "workers", "executor", "shard", "ledger")
_DERIVING = ("cost_model", "tlb", "sweep", "all", "json", "csv", "parquet", "markdown", "latex", "baseline", "bundle")
_COMPARING = ("fail_on_change", "repeat")


def add_report_options(parser: Options) -> None:
    parser.add_argument(
        "--html", metavar="FILE", help="write a page there with plots, tables and where it all comes from (toyvm[lab])"
    )
    parser.add_argument("--svg", metavar="DIR", help="write the plots alone there, for a paper")
    parser.add_argument(
        "--bundle", metavar="FILE", help="pack results, programs and versions there, for another to repeat and cite"
    )
    parser.add_argument(
        "--repeat", metavar="FILE", help="measure again what --bundle packed there, and say what has changed since"
    )


def report_outputs(arguments: argparse.Namespace) -> dict[str, str | None]:
    """The files that are going to be written, by option, after what they take was found.

    Raises UsageError, and BadFileError where the plots cannot be put.
    """
    from toyvm.files.replacing import check_folder

    if arguments.svg:
        check_folder(arguments.svg)
    for option in ("html", "svg"):
        if getattr(arguments, option):
            from toyvm.lab.report.page import check_libraries

            check_libraries(f"--{option}")
    return {"--html": arguments.html, "--bundle": arguments.bundle}


def given_option(arguments: argparse.Namespace, names: Sequence[str]) -> str | None:
    """The first of these options that was given, as it is typed."""
    return next((f"--{name.replace('_', '-')}" for name in names if getattr(arguments, name)), None)


def is_reported(arguments: argparse.Namespace) -> bool:
    return bool(arguments.html or arguments.svg or arguments.bundle)


def sweep_of_exits() -> dict[str, Any]:
    """The sweep over exit costs, which is exact and takes a second."""
    from toyvm.lab.cost_models import find_model
    from toyvm.lab.exit_sweep import sweep, sweep_record

    model = find_model(SWEPT)
    assert model is not None, "a shipped one"
    return sweep_record(model, sweep(model))


def write_report(arguments: argparse.Namespace, record: Mapping[str, Any], plan: Plan | None = None) -> list[str]:
    """The page, the plots and the bundle that were asked for; their names. Raises BadFileError."""
    from toyvm.files.replacing import make_folder, replace_file
    from toyvm.lab.report.saved import as_saved

    written: list[str] = []
    saved = as_saved(record)
    if arguments.bundle and plan is not None:
        from toyvm.lab.report.bundle import bundle_bytes

        replace_file(arguments.bundle, bundle_bytes(plan, saved))
        written.append(arguments.bundle)
    if not (arguments.html or arguments.svg):
        return written
    from toyvm.lab.report.page import page_bytes
    from toyvm.lab.report.sections import make_report, summary

    report = make_report(saved)
    if arguments.html:
        replace_file(arguments.html, page_bytes(report))
        written.append(arguments.html)
    if arguments.svg:
        make_folder(arguments.svg)
        source = summary(report.figures)
        for name, svg in report.svgs.items():
            replace_file(Path(arguments.svg) / f"{name}.svg", svg.file(source).encode())
        written.append(arguments.svg)
    return written


def execute_report(arguments: argparse.Namespace) -> int:
    """`toyvm lab report FILE...`: of saved results."""
    from toyvm.cli.outputs import check_kept, check_outputs
    from toyvm.files.boundary import boundary
    from toyvm.lab.report.saved import read_saved

    if option := given_option(arguments, (*MEASURING, *_DERIVING, *_COMPARING)):
        raise UsageError(f"lab report measures nothing, and {option} means nothing there")
    names = arguments.workloads[1:]
    if not names or not (arguments.html or arguments.svg):
        raise UsageError("lab report: name files that `toyvm lab --json` wrote, and --html FILE or --svg DIR")
    outputs = report_outputs(arguments)
    check_outputs(outputs)
    check_kept(outputs, names)
    record = read_saved([Path(name) for name in names])
    with boundary(names[0], "not what `toyvm lab --json` writes"):
        written = write_report(arguments, record)
    say(f"written: {', '.join(written)}", prefix="")
    return ExitCode.OK


def opened_bundle(arguments: argparse.Namespace, folder: Path) -> Bundle:
    """That of --repeat. Raises UsageError for what it says itself, and BadFileError."""
    from toyvm.lab.report.bundle import read_bundle
    from toyvm.report.records import machine_record

    if shown := "a workload" if arguments.workloads else given_option(arguments, MEASURING):
        raise UsageError(f"--repeat measures what the bundle says; {shown} cannot be beside it")
    bundle = read_bundle(Path(arguments.repeat), folder)
    then, now = bundle.record["machine"], machine_record()
    for key in ("toyvm", "commit"):
        if then.get(key) != now[key]:
            say(f"the bundle was measured by {key} {then.get(key)}, and this is {now[key]}", prefix="")
    return bundle
