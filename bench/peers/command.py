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
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from textwrap import wrap
from time import monotonic
from typing import Any

from peers import others
from peers.measure import Failure, Report, Turns, Warm, Whole, take_warm, take_whole
from peers.others import Reading
from peers.plot import comparison_svg, targets_svg
from peers.programs import SETS, CannotBuild, compile_native, compile_riscv, programs_of
from peers.report import Comparison
from peers.rounds import Budget, Item, measure_in_turns
from peers.scorecard import markdown_lines, records, text_lines
from peers.subjects import INTERPRETER, NATIVE, RECOMPILER, Subject, all_subjects
from peers.targets import LONG_SECONDS, WARM_SECONDS, Results, rows_of
from toyvm.cli.outputs import check_outputs
from toyvm.cli.width import output_width
from toyvm.disk import replace_file
from toyvm.errors import ExitCode, ToyvmError, UsageError
from toyvm.lab.handler import handler_length
from toyvm.lab.progress import Progress
from toyvm.report import machine_record, write_json

ROUNDS, MINUTES, QUICK_ROUNDS, QUICK_MINUTES = 3, 15.0, 1, 4.0
SLOW = ("unicorn", INTERPRETER)  # no row is about a second's work on them, and it would take minutes
ENGINES = (INTERPRETER, RECOMPILER)


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
    subjects = all_subjects()
    native = next(subject for subject in subjects if subject.name == NATIVE)
    if native.missing:
        raise CannotBuild(f"{native.missing}, and native code is what all is compared with")
    wanted = {NATIVE, *(arguments.subject or [subject.name for subject in subjects])}
    names = [name for name in SETS[arguments.which] if name in (arguments.programs or SETS[arguments.which])]
    run = Run([subject for subject in subjects if subject.name in wanted], names, _budget(arguments))
    with tempfile.TemporaryDirectory() as folder, Progress(sys.stderr) as progress:
        plan = target_items if arguments.targets else program_items
        with suppress(KeyboardInterrupt):
            run.measure(plan(arguments, run, Path(folder), _timed(progress.show, run.budget)))
    judge = conclude_targets if arguments.targets else conclude_comparison
    return judge(arguments, run)


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


@dataclass
class Run:
    """What is measured, and all that came of it, one by one: what is there stays if this is interrupted."""

    subjects: list[Subject]
    programs: list[str]
    budget: Budget
    samples: list[Warm | Whole] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    is_interrupted: bool = True  # until it has ended
    handler: int | None = None

    @property
    def present(self) -> list[Subject]:
        return [subject for subject in self.subjects if subject.missing is None]

    def measure(self, items: list[Item]) -> None:
        for one in measure_in_turns(items, self.budget):
            self.keep(one)
        self.is_interrupted = False

    def keep(self, one: Any) -> None:
        kept: list[Any] = (
            self.failures if isinstance(one, Failure) else self.readings if isinstance(one, Reading) else self.samples
        )
        kept.append(one)

    def comparison(self, kind: type[Warm] | type[Whole]) -> Comparison:
        """Of the warm runs, or of the whole processes."""
        samples = [one for one in self.samples if isinstance(one, kind)]
        return Comparison(self.subjects, samples, self.failures, self.programs)

    def record(self) -> dict[str, Any]:
        """What every file says: where it comes from, and how much was measured."""
        return {
            "machine": {**machine_record(), "cpus": os.cpu_count(), "load": os.getloadavg()},
            "budget": asdict(self.budget),
            "interrupted": self.is_interrupted,
        }


def program_items(arguments: argparse.Namespace, run: Run, folder: Path, report: Report) -> list[Item]:
    """The programs asked for, as the arguments say."""
    seconds = arguments.seconds or WARM_SECONDS
    programs = [program for program in programs_of(arguments.which) if program.name in run.programs]
    take = take_whole if arguments.once else take_warm
    return [Turns(program, run.present, seconds, take, folder, report, ENGINES) for program in programs]


def target_items(arguments: argparse.Namespace, run: Run, folder: Path, report: Report) -> list[Item]:
    """Everything that the table of targets is made of."""
    run.handler = handler_length()
    items: list[Item] = [
        others.system_calls(run.present, folder, report),
        others.start_ups(folder, report),
        others.memory(report),
    ]
    long = [subject for subject in run.present if subject.name not in SLOW]
    for program in programs_of("reported"):
        items.append(Turns(program, run.present, WARM_SECONDS, take_warm, folder, report, ENGINES))
        items.append(Turns(program, long, LONG_SECONDS, take_whole, folder, report, ENGINES))
    return items


def conclude_comparison(arguments: argparse.Namespace, run: Run) -> int:
    """Write and print; 1 if a subject failed on a program."""
    comparison = run.comparison(Whole if arguments.once else Warm)
    if arguments.json:
        write_json(arguments.json, {**run.record(), "comparison": comparison.record()})
    if arguments.plot:
        replace_file(arguments.plot, comparison_svg(comparison, machine_line(run)).encode())
    print("\n".join([*_block(comparison.table(), arguments.markdown), *_source(run)]))
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
        replace_file(arguments.plot, targets_svg(rows, warm, long, machine_line(run)).encode())
    card = markdown_lines(rows) if arguments.markdown else text_lines(rows, output_width())
    tables = [*warm.table(notes=False), "", *long.table(notes=False), *warm.notes()]
    print("\n".join([*card, "", *_block(tables, arguments.markdown), *_source(run)]))
    if run.is_interrupted:
        return _interrupted()
    return int(bool(run.failures) or not all(row.holds for row in rows))


def _block(lines: list[str], is_markdown: bool) -> list[str]:
    return ["```", *lines, "```", ""] if is_markdown else lines


def _source(run: Run) -> list[str]:
    return wrap(machine_line(run), output_width())


def machine_line(run: Run) -> str:
    """Where the figures come from."""
    machine = run.record()["machine"]
    load = ", ".join(f"{value:.1f}" for value in machine["load"])
    return (
        f"{machine['cpu']}, {machine['cpus']} CPUs, {machine['system']}, Python {machine['python']}, "
        f"toyvm {machine['commit'] or machine['toyvm']}; {_rounds(run)}; "
        f"load at the end {load}"
    )


def _rounds(run: Run) -> str:
    """How often a figure was taken: `3 to 7 rounds`."""
    counts = Counter((one.program, one.subject, type(one)) for one in run.samples)
    least, most = min(counts.values(), default=0), max(counts.values(), default=0)
    return f"{least} to {most} rounds" if least < most else f"{most} round{'' if most == 1 else 's'}"
