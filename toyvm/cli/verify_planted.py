"""`toyvm verify --planted`: which layer finds which of the planted faults."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from toyvm.cli.lab_parts import executor_of
from toyvm.errors import ExitCode, ToyvmError

if TYPE_CHECKING:
    from toyvm.verify.planted import Trial

SCHEMA = 1


def find_planted(arguments: argparse.Namespace, minutes: float | None) -> int:
    """Look for the faults that the words name, part by part; 1 if one is not found."""
    from toyvm.lab.progress import Progress
    from toyvm.parts import do_parts, ledger_at, parse_shard
    from toyvm.printable import printable
    from toyvm.report.records import machine_record, write_json
    from toyvm.verify.planted import Trial, chosen, parts_of, read_plants, work

    plants = chosen(read_plants(), arguments.properties)
    shard, make = parse_shard(arguments.shard), executor_of(arguments)
    trials: list[Trial] = []
    is_interrupted = False
    ended: ToyvmError | None = None

    def done(key: str, result: Mapping[str, Any]) -> None:
        trials.append(Trial.of_record(result))
        found = sum(trial.found is not None for trial in trials)
        progress.show(f"{len(trials)}/{len(parts)} faults, {found} found  {trials[-1].plant.name}")

    with (
        TemporaryDirectory(prefix="toyvm-planted-", ignore_cleanup_errors=True) as clones,
        Progress(sys.stderr) as progress,
        ledger_at(arguments.ledger) as ledger,
    ):
        parts = shard.of(parts_of(plants, minutes, Path(clones)))
        progress.show(f"0/{len(parts)} faults")
        try:
            do_parts(parts, work, make, ledger, done)
        except KeyboardInterrupt:
            is_interrupted = True
        except ToyvmError as error:
            if not trials:
                raise
            ended = error
    order = {plant.name: place for place, plant in enumerate(plants)}
    trials.sort(key=lambda trial: order[trial.plant.name])
    try:
        if arguments.json:
            record = {"schema": SCHEMA, "machine": machine_record(), "plants": [trial.record() for trial in trials]}
            write_json(Path(arguments.json), record)
    finally:
        print(printable("\n".join(_lines(trials)), keep="\n"))
    if ended is not None:
        raise ended
    if is_interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if all(trial.found for trial in trials) else ExitCode.CLAIM_FAILED


def _lines(trials: Sequence[Trial]) -> Iterator[str]:
    """A line for each fault, two for one that nothing finds, and how many each layer has found."""
    from toyvm.verify.layers import Came
    from toyvm.verify.scoreboard import clock

    width = max((len(trial.plant.name) for trial in trials), default=0)
    for trial in trials:
        found = trial.found
        looks = ", ".join(
            f"{look.layer} {clock(look.seconds)}"
            if look.came in (Came.FOUND, Came.NOTHING)
            else f"{look.layer}: {look.came}"
            for look in trial.looks
        )
        if found is not None:
            yield f"{trial.plant.name:<{width}}  {looks}: {found.by}"
        else:
            yield f"{trial.plant.name:<{width}}  NOT FOUND ({looks}): {trial.plant.fault}"
    by_layer = Counter(trial.found.layer for trial in trials if trial.found is not None)
    layers = dict.fromkeys(look.layer for trial in trials for look in trial.looks)  # as they are gone through
    each = ", ".join(f"{layer} {by_layer[layer]}" for layer in layers if by_layer[layer])
    yield f"{by_layer.total()} of {len(trials)} found{': ' if each else ''}{each}"
