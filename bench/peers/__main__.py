"""Engines against native code: the same C programs, natively, on toyvm's engines, and on the peers that are installed.

Times are of whole processes. The table shows the slowdown of a run once an engine is warm, in CPU time, against gcc -O2
natively in the same round; beneath it the geometric mean, the same of a whole process that does the work once (elapsed,
and in CPU time of all threads), start-up, and what the first run costs more than the next.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from measure import Effort, Failure, Sample, measure
from plot import svg
from programs import SETS, CannotBuild, compile_native, compile_riscv, programs_of
from report import Comparison
from subjects import NATIVE, all_subjects

from toyvm.disk import replace_file
from toyvm.report import machine_record, write_json

BASE_SECONDS = 0.05  # what a run at a program's own scale takes natively
DEFAULT_SECONDS = 0.02


def main() -> int:
    arguments = parse()
    try:
        if arguments.build:
            build(arguments.which, arguments.build)
            return 0
        return compare(arguments)
    except CannotBuild as error:
        print(f"bench/peers: {error}", file=sys.stderr)
        return 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python bench/peers", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="which ones; all of the set unless said")
    parser.add_argument("--set", dest="which", choices=list(SETS), default="reported", help="reported unless said")
    parser.add_argument("--subject", action="append", metavar="NAME", help="measure only these, and native code")
    parser.add_argument(
        "--seconds", type=float, default=DEFAULT_SECONDS, help=f"what a run takes natively, about; {DEFAULT_SECONDS}"
    )
    parser.add_argument("--once", action="store_true", help="measure only processes that do their work once")
    parser.add_argument("--rounds", type=int, default=3, help="how often all is measured in turn; 3")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every sample there")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw the comparison there, as SVG")
    parser.add_argument("--build", metavar="DIR", type=Path, help="only compile, natively and for RV64IM, to there")
    arguments = parser.parse_args()
    known = SETS[arguments.which]
    for name in arguments.programs:
        if name not in known:
            parser.error(f"no program {name!r}; there are {', '.join(known)}")
    if not 0 < arguments.seconds <= 60 or not 1 <= arguments.rounds <= 1000:
        parser.error("--seconds takes 0..60, --rounds 1..1000")
    names = [subject.name for subject in all_subjects()]
    for name in arguments.subject or ():
        if name not in names:
            parser.error(f"no subject {name!r}; there are {', '.join(names)}")
    return arguments


def build(which: str, folder: Path) -> None:
    """Compile every program of a set, and print how each is run."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in programs_of(which):
        native, riscv = compile_native(program, folder), compile_riscv(program, folder)
        print(f"{native} {program.scale} 1   or   toyvm run {riscv} {program.scale} 1")


def compare(arguments: argparse.Namespace) -> int:
    """Measure, print, write; 1 if a subject failed on a program."""
    wanted = {NATIVE, *(arguments.subject or [subject.name for subject in all_subjects()])}
    subjects = [subject for subject in all_subjects() if subject.name in wanted]
    programs = [
        one for one in programs_of(arguments.which) if one.name in (arguments.programs or SETS[arguments.which])
    ]
    effort = Effort(arguments.seconds / BASE_SECONDS, arguments.rounds, not arguments.once)
    present = [subject for subject in subjects if subject.missing is None]
    found: list[Sample | Failure] = []
    try:
        for one in measure(programs, present, effort, _progress):
            found.append(one)  # one by one: what is there stays if this is interrupted
    except KeyboardInterrupt:
        print("interrupted: this is what was measured", file=sys.stderr)
    _progress("")
    samples = [one for one in found if isinstance(one, Sample)]
    failures = [one for one in found if isinstance(one, Failure)]
    comparison = Comparison(subjects, samples, failures)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print("\n".join([*comparison.table(), f"load of this machine at the end: {load}"]))
    if arguments.json:
        write_json(arguments.json, comparison.record(effort, {**machine_record(), "load": os.getloadavg()}))
    if arguments.plot:
        replace_file(arguments.plot, svg(comparison).encode())
    return 1 if failures else 0


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
