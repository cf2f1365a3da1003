"""Engines against native code: the same C programs, natively, on toyvm's engines, and on the peers that are installed.

The table shows the slowdown of a warm run, in CPU time of all threads, against gcc -O2 natively in the same round, or
with --once that of a process which does the work once, elapsed, from nothing to its end, its caches empty. A figure is
the median over rounds, with half of its 95% interval (of the range, with fewer than six rounds); a geometric mean takes
the errors of its programs for independent. With --targets all that the engines are held to is measured in one run.

Exit codes: 0; 1 if something failed or a target is missed; 2 usage; 101 a file cannot be written; 130 interrupted,
after printing what there is.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from textwrap import wrap
from time import monotonic

from peers.measure import Report, Warm, Whole
from peers.plot import comparison_svg, targets_svg
from peers.programs import SETS, CannotBuild, compile_native, compile_riscv, programs_of
from peers.rounds import Budget, Item
from peers.run import Run, program_items, target_items
from peers.scorecard import markdown_lines, records, text_lines
from peers.subjects import NATIVE, all_subjects
from peers.targets import WARM_SECONDS, Results, rows_of
from toyvm.cli.outputs import check_outputs
from toyvm.cli.width import output_width
from toyvm.errors import ExitCode, ToyvmError, UsageError
from toyvm.files.replacing import replace_file
from toyvm.lab.progress import Progress
from toyvm.report.records import write_json

ROUNDS, MINUTES, QUICK_ROUNDS, QUICK_MINUTES = 3, 15.0, 1, 4.0


def main() -> int:
    """Run the command that the arguments give; its exit code."""
    arguments = parse()
    try:
        return execute(arguments)
    except (CannotBuild, ToyvmError) as error:
        print(f"bench/peers: {error}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # Whoever read the table has seen enough of it; the interpreter is not to complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _interrupted() -> int:
    print("bench/peers: interrupted", file=sys.stderr)
    return ExitCode.INTERRUPTED


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python bench/peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("programs", nargs="*", metavar="PROGRAM", help="which ones; all of the set unless said")
    add("--targets", action="store_true", help=f"measure and judge the whole table of targets, in {MINUTES:g} minutes")
    add(
        "--quick",
        action="store_true",
        help=f"a round, not {ROUNDS}; with --targets some {QUICK_MINUTES:g} minutes",
    )
    add("--set", dest="which", choices=list(SETS), default="reported", help="reported unless said")
    add("--subject", action="append", metavar="NAME", help="measure only these, and native code; may be repeated")
    add("--seconds", type=float, metavar="S", help=f"what a run takes natively, about; {WARM_SECONDS:g} unless said")
    add("--once", action="store_true", help="whole processes that do their work once, in place of warm runs")
    add("--rounds", type=int, metavar="N", help=f"how often all is measured in turn, at least; {ROUNDS}")
    add("--minutes", type=float, metavar="M", help="use up to so many, on further rounds of what is noisiest")
    add("--json", metavar="FILE", type=Path, help="write every sample there")
    add("--plot", metavar="FILE", type=Path, help="draw it there, as SVG")
    add("--markdown", action="store_true", help="print Markdown, to be pasted")
    add("--build", metavar="DIR", type=Path, help="only compile, natively and for RV64IM, to there")
    arguments = parser.parse_args()
    for problem in _problems(arguments):
        parser.error(problem)
    return arguments


def _problems(arguments: argparse.Namespace) -> Iterator[str]:
    """What is wrong with the arguments."""
    for name in arguments.programs:
        if name not in SETS[arguments.which]:
            yield f"no program {name!r}; there are {', '.join(SETS[arguments.which])}"
    names = [subject.name for subject in all_subjects()]
    for name in arguments.subject or ():
        if name not in names:
            yield f"no subject {name!r}; there are {', '.join(names)}"
    seconds, minutes, rounds = arguments.seconds, arguments.minutes, arguments.rounds
    if seconds is not None and not 0.001 <= seconds <= 60:
        yield f"--seconds {seconds:g}: it takes 0.001 to 60"
    if minutes is not None and not (isfinite(minutes) and 0 < minutes <= 1440):
        yield f"--minutes {minutes:g}: it takes more than 0, and at most 1440"
    if rounds is not None and not 1 <= rounds <= 1000:
        yield f"--rounds {rounds}: it takes 1 to 1000"
    narrowed = arguments.programs or arguments.subject or arguments.once or seconds is not None
    if arguments.targets and (narrowed or arguments.which != "reported"):
        yield "--targets measures what its rows say: no programs, subjects, sets, seconds or --once with it"
    if arguments.build and (arguments.targets or arguments.json or arguments.plot):
        yield "--build measures nothing: no --targets, --json or --plot with it"


def execute(arguments: argparse.Namespace) -> int:
    """Do what the arguments say. Raises CannotBuild and ToyvmError."""
    if arguments.build:
        return build(arguments)
    check_outputs({"--json": _name(arguments.json), "--plot": _name(arguments.plot)})
    if not sys.platform.startswith("linux"):
        raise UsageError(f"the CPU time of living processes is read as Linux has it; this is {sys.platform}")
    subjects = all_subjects()
    native = next(subject for subject in subjects if subject.name == NATIVE)
    if native.missing:
        raise CannotBuild(f"{native.missing}, and native code is what all is compared with")
    wanted = {NATIVE, *(arguments.subject or [subject.name for subject in subjects])}
    names = [name for name in SETS[arguments.which] if name in (arguments.programs or SETS[arguments.which])]
    run = Run([subject for subject in subjects if subject.name in wanted], names, _budget(arguments))
    with tempfile.TemporaryDirectory() as folder, Progress(sys.stderr) as progress, suppress(KeyboardInterrupt):
        run.measure(_plan(arguments, run, Path(folder), _timed(progress.show, run.budget)))
    judge = conclude_targets if arguments.targets else conclude_comparison
    return judge(arguments, run)


def _plan(arguments: argparse.Namespace, run: Run, folder: Path, report: Report) -> list[Item]:
    if arguments.targets:
        return target_items(run, folder, report)
    seconds = arguments.seconds or WARM_SECONDS
    return program_items(run, arguments.which, seconds, arguments.once, folder, report)


def _timed(show: Report, budget: Budget) -> Report:
    """The same, with the minutes that have passed in front."""
    started, limit = monotonic(), "" if budget.seconds is None else f" of {budget.seconds / 60:g}"
    return lambda text: show(f"{(monotonic() - started) / 60:.1f}{limit} min  {text}")


def _name(path: Path | None) -> str | None:
    return None if path is None else str(path)


def build(arguments: argparse.Namespace) -> int:
    """Compile every program of a set, and print how each is run."""
    try:
        arguments.build.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--build {arguments.build}: {error.strerror}") from None
    for program in programs_of(arguments.which):
        if program.name in (arguments.programs or SETS[arguments.which]):
            native, riscv = compile_native(program, arguments.build), compile_riscv(program, arguments.build)
            print(f"{native} {program.scale} 1   or   toyvm run {riscv} {program.scale} 1")
    return 0


def _budget(arguments: argparse.Namespace) -> Budget:
    minutes = arguments.minutes
    if minutes is None and arguments.targets:
        minutes = QUICK_MINUTES if arguments.quick else MINUTES
    rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
    return Budget(rounds, None if minutes is None else minutes * 60)


def conclude_comparison(arguments: argparse.Namespace, run: Run) -> int:
    """Write and print; 1 if a subject failed on a program."""
    comparison = run.comparison(Whole if arguments.once else Warm)
    if arguments.json:
        write_json(arguments.json, {**run.record(), "comparison": comparison.record()})
    if arguments.plot:
        replace_file(arguments.plot, comparison_svg(comparison, run.source).encode())
    table = [*comparison.table(output_width()), *comparison.notes(output_width())]
    print("\n".join([*_block(table, arguments.markdown), *_source(run)]))
    return _interrupted() if run.is_interrupted else int(bool(run.failures))


def conclude_targets(arguments: argparse.Namespace, run: Run) -> int:
    """Write and print; 1 if a target is missed or was not measured, or something failed."""
    warm, long = run.comparison(Warm), run.comparison(Whole)
    rows = rows_of(Results(warm, long, run.readings, run.handler))
    if arguments.json:
        comparisons = {"warm": warm.record(), "once": long.record()}
        readings = [asdict(one) for one in run.readings]
        write_json(arguments.json, {**run.record(), "targets": records(rows), **comparisons, "readings": readings})
    if arguments.plot:
        replace_file(arguments.plot, targets_svg(rows, warm, long, run.source).encode())
    width = output_width()
    card = markdown_lines(rows) if arguments.markdown else text_lines(rows, width)
    tables = [*warm.table(width), "", *long.table(width), *warm.notes(width)]
    print("\n".join([*card, "", *_block(tables, arguments.markdown), *_source(run)]))
    if run.is_interrupted:
        return _interrupted()
    return int(bool(run.failures) or not all(row.holds for row in rows))


def _block(lines: list[str], is_markdown: bool) -> list[str]:
    return ["```", *lines, "```", ""] if is_markdown else lines


def _source(run: Run) -> list[str]:
    return wrap(run.source, output_width())
