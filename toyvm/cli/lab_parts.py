"""The lab in parts: on all cores, on other machines, in slices; ended and gone on with; and its results joined."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toyvm.cli.lab_report import MEASURING, given_option
from toyvm.cli.options import Options, parse_count
from toyvm.errors import UsageError

if TYPE_CHECKING:
    from toyvm.lab.experiment import Experiment
    from toyvm.lab.plan import Plan
    from toyvm.parts import MakeExecutor, Part

Record = Mapping[str, Any]
MERGE = "merge"  # in the place of workloads


def add_part_options(
    parser: Options, workers: str = "measure in so many processes at once, each a workload's part"
) -> None:
    parser.add_argument("--workers", metavar="N", help=workers)
    parser.add_argument(
        "--executor",
        metavar="MODULE:CALL",
        help="the same with what this returns: any executor as concurrent.futures has them (loky's, Dask's, MPI's)",
    )
    parser.add_argument("--shard", metavar="I/N", help="do the I-th of N slices; `merge` joins the files of --json")
    parser.add_argument("--ledger", metavar="FILE", help="note each part there that is done, and do none that it has")


def check_merge(arguments: argparse.Namespace) -> list[Path]:
    """The files to join. Raises UsageError where there are none, and for what only measuring takes."""
    if option := given_option(arguments, (*MEASURING, "cost_model", "tlb", "bundle", "repeat")):
        raise UsageError(f"lab merge measures nothing, and {option} means nothing there")
    if len(arguments.workloads) < 2:
        raise UsageError("lab merge: name files that `toyvm lab --json` wrote")
    return [Path(name) for name in arguments.workloads[1:]]


def is_divided(arguments: argparse.Namespace) -> bool:
    return any(getattr(arguments, name) is not None for name in ("workers", "executor", "shard", "ledger"))


def measure_parts(
    experiment: Experiment, plan: Plan, arguments: argparse.Namespace, progress: Callable[[str], None]
) -> None:
    """Measure what the options say of it, part by part."""
    from toyvm.lab.divided import parts_of, take, work
    from toyvm.lab.experiment import OTHER_SLICE

    if plan.effort.precision is not None:
        raise UsageError("--precision looks at all repetitions together; of parts say --repeats")
    with experiment.filling():
        do_divided(parts_of(plan, experiment), work, arguments, progress, partial(take, experiment))
    if arguments.shard is not None:
        experiment.say_what_is_missing(OTHER_SLICE)


def do_divided(
    parts: Sequence[Part],
    work: Callable[[Record], Record],
    arguments: argparse.Namespace,
    progress: Callable[[str], None],
    take: Callable[[Record], None],
) -> None:
    """Do the parts that the options say, by whom they say, and `take` what each comes to."""
    from toyvm.parts import do_parts, ledger_at, parse_shard

    make = executor_of(arguments)
    own = parse_shard(arguments.shard).of(parts)
    count = 0

    def done(key: str, result: Record) -> None:
        nonlocal count
        count += 1
        progress(f"{count}/{len(own)}  {key.partition(' ')[2]}")
        take(result)

    with ledger_at(arguments.ledger) as ledger:
        do_parts(own, work, make, ledger, done)


def executor_of(arguments: argparse.Namespace) -> MakeExecutor:
    """Who does the work, as --workers or --executor say; one process unless said. Raises UsageError."""
    from toyvm.arguments import check_within
    from toyvm.parts import MAXIMUM_WORKERS, find_executor, processes

    workers = parse_count(arguments.workers, "--workers")
    if arguments.executor is None:
        return processes(1 if workers is None else check_within(workers, 1, MAXIMUM_WORKERS, "--workers"))
    if workers is not None:
        raise UsageError("--workers and --executor both say who does the work; give one of them")
    return find_executor(arguments.executor)
