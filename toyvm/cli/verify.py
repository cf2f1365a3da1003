"""Try the claims of toyvm, each by cases without end, and show how many hold.

Without names every property (`--list` says what they are) for two minutes, or for --minutes, in which each has as much
time as another; or so many --cases of each. A case follows from its property and its number alone. One that fails is
made small, and written as a regression; the name of such a file in the place of a property tries it again. `merge` in
their place joins the files that --json wrote of shards. `worlds`, with --steps, and perhaps with the names of worlds
behind it, explores small worlds whole.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toyvm.cli.lab_parts import MERGE, add_part_options, executor_of
from toyvm.cli.options import parse_count
from toyvm.cli.saying import say
from toyvm.errors import BadFileError, ExitCode, ToyvmError, UsageError

if TYPE_CHECKING:
    from toyvm.parts import Part
    from toyvm.verify.accounts import Account
    from toyvm.verify.claim import Property
    from toyvm.verify.results import Results

_MINUTES = 2.0  # unless said
_FOLDER = "regressions"
_DRAWING = ("cases", "seed", "regressions")
_TRYING = ("minutes", *_DRAWING, "workers", "executor", "shard", "ledger")
_MOST_MINUTES = 1_000_000
_MOST_CASES = 1_000_000_000
_REGRESSIONS = (".json", ".s")  # what the names of their files end in


class _Enough(Exception):
    """The first that fails is asked for, and there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("properties", nargs="*", metavar="PROPERTY", help="which, all unless said; or a regression")
    parser.add_argument("--list", action="store_true", help="say what the properties claim, and end")
    parser.add_argument(
        "--planted",
        action="store_true",
        help="in a clone: plant a fault, build, and say what finds it; of all, or those of a name or an area",
    )
    much = parser.add_argument_group("how much")
    much.add_argument("--minutes", metavar="N", help=f"for so long, on all workers; {_MINUTES:g} unless said")
    much.add_argument("--cases", metavar="N", help="so many cases of each property")
    much.add_argument("--steps", metavar="N", help="small worlds whole, to N actions: `verify worlds [WORLD...]`")
    much.add_argument("--seed", metavar="S", help="from the case of this number on; 0 unless said")
    much.add_argument(
        "--first",
        action="store_const",
        const=True,
        help="no more than until one fails, which is left as large as it is",
    )
    result = parser.add_argument_group("what comes of it")
    result.add_argument("--json", metavar="FILE", help="write all there: cases, failures, time, machine")
    result.add_argument(
        "--regressions", metavar="DIR", help=f"write what fails there, a file each; {_FOLDER} unless said"
    )
    parts = parser.add_argument_group("in parts, on several cores or machines")
    add_part_options(parts, workers="try in so many processes at once; 1 unless said")


def execute(arguments: argparse.Namespace) -> int:
    from toyvm.cli.outputs import check_kept, check_outputs
    from toyvm.cli.width import output_width
    from toyvm.verify.results import merge
    from toyvm.verify.scoreboard import descriptions

    if arguments.list:
        print("\n".join(descriptions(output_width())))
        return ExitCode.OK
    check_outputs({"--json": arguments.json})
    check_kept({"--json": arguments.json}, arguments.properties)
    names: list[str] = arguments.properties
    if arguments.planted:
        from toyvm.cli.verify_planted import find_planted

        _check_unused(arguments, "--planted looks for faults", ("steps", "first", *_DRAWING))
        return find_planted(arguments, None if arguments.minutes is None else _minutes(arguments.minutes))
    if names[:1] == [MERGE]:
        _check_unused(arguments, "verify merge tries nothing", ("steps", "first", *_TRYING))
        if len(names) < 2:
            raise UsageError("verify merge: name files that `toyvm verify --json` wrote")
        return _tell(merge([Path(name) for name in names[1:]]), arguments, {})
    if arguments.steps is not None:
        from toyvm.cli.verify_worlds import explore_worlds

        _check_unused(arguments, "--steps tries every path there is", ("minutes", *_DRAWING, "shard"))
        return explore_worlds(arguments)
    if any(name.endswith(_REGRESSIONS) for name in names):
        _check_unused(arguments, "a regression is tried once", ("json", "first", *_TRYING))
        return _try_again([Path(name) for name in names])
    return _try(arguments)


def _check_unused(arguments: argparse.Namespace, why: str, options: Sequence[str]) -> None:
    for option in options:
        if getattr(arguments, option) is not None:
            raise UsageError(f"{why}, and --{option} means nothing there")


def _try_again(paths: Sequence[Path]) -> int:
    """Regressions, each by itself."""
    from toyvm.printable import printable
    from toyvm.verify.regressions import try_again

    failed = 0
    for path, attempt in [(path, try_again(path)) for path in paths]:
        failed += attempt.wrong is not None
        said = "fails" if attempt.wrong is not None else "holds" if attempt.left_open is None else "is left open"
        print(printable(f"{path}: {said}"))
        for line in (attempt.wrong or attempt.left_open or "").splitlines():
            print(printable(f"  {line}"))
    return ExitCode.CLAIM_FAILED if failed else ExitCode.OK


def _try(arguments: argparse.Namespace) -> int:
    from toyvm.files.replacing import check_folder
    from toyvm.lab.progress import Progress
    from toyvm.parts import do_parts, ledger_at
    from toyvm.verify.accounts import Account
    from toyvm.verify.division import work
    from toyvm.verify.regressions import write_regression
    from toyvm.verify.results import results_here

    make, (names, parts) = executor_of(arguments), _parts(arguments)
    folder = Path(arguments.regressions or _FOLDER)
    check_folder(folder)
    accounts: list[Account] = []
    written: dict[tuple[str, int], Path] = {}
    unwritten: list[BadFileError] = []
    is_interrupted = False
    ended: ToyvmError | None = None

    def done(key: str, result: Mapping[str, Any]) -> None:
        account = Account.of_record(result)
        for failure in account.failures:
            try:
                path = write_regression(folder, account.property, failure)
            except BadFileError as error:  # which is no reason to try no more
                unwritten.append(error)
                continue
            if path is not None:
                written[account.property, failure.seed] = path
        accounts.append(account)
        progress.show(_so_far(accounts, len(parts)))
        if arguments.first and account.failures:
            raise _Enough

    with Progress(sys.stderr) as progress, ledger_at(arguments.ledger) as ledger:
        progress.show(_so_far(accounts, len(parts)))
        try:
            do_parts(parts, work, make, ledger, done)
        except _Enough:
            pass
        except KeyboardInterrupt:
            is_interrupted = True
        except ToyvmError as error:
            if not accounts:
                raise
            ended = error
    for reason in unwritten:
        say(f"{reason}; --json has the case")
    accounts.sort(key=lambda account: (names.index(account.property), account.seed))
    code = _tell(results_here(accounts, is_interrupted or ended is not None, names), arguments, written)
    if ended is not None:
        raise ended
    return code


def _so_far(accounts: Sequence[Account], parts: int) -> str:
    cases, failed = sum(one.cases for one in accounts), sum(len(one.failures) for one in accounts)
    last = accounts[-1].property if accounts else ""
    return f"{len(accounts)}/{parts} parts, {cases:,} cases, {failed or 'none'} failed  {last}"


def _parts(arguments: argparse.Namespace) -> tuple[list[str], list[Part]]:
    """Which properties are to be tried, and this slice's parts, each word checked before anything is built or said.

    Raises UsageError.
    """
    from toyvm.parts import parse_shard
    from toyvm.verify.division import parts_by_cases, parts_by_time
    from toyvm.verify.properties import CLASSES, find_property

    properties = [find_property(name) for name in dict.fromkeys(arguments.properties or CLASSES)]
    seed = parse_count(arguments.seed, "--seed") or 0
    shard = parse_shard(arguments.shard)
    workers = parse_count(arguments.workers, "--workers") or 1
    cases, minutes = _cases(arguments.cases), _minutes(arguments.minutes)
    if arguments.cases is not None and arguments.minutes is not None:
        raise UsageError("--cases and --minutes both say how much is tried; give one of them")
    names = _here(properties, is_named=bool(arguments.properties))
    if cases is not None:
        return names, shard.of(parts_by_cases(names, seed, cases, bool(arguments.first)))
    return names, shard.of(parts_by_time(names, seed, 60 * minutes, workers * shard.slices, bool(arguments.first)))


def _here(properties: Sequence[Property], *, is_named: bool) -> list[str]:
    """The names of those that can be tried; the others are said. Raises UsageError for one that somebody named."""
    names = []
    for claimed in properties:
        reason = claimed.missing()
        if reason is None:
            names.append(claimed.name)
        elif is_named:
            raise UsageError(f"{claimed.name} cannot be tried: {reason}")
        else:
            say(f"{claimed.name} is left out: {reason}")
    return names


def _cases(text: str | None) -> int | None:
    """Raises UsageError."""
    cases = parse_count(text, "--cases")
    if cases is not None and not 1 <= cases <= _MOST_CASES:
        raise UsageError(f"--cases {text}: it takes 1..{_MOST_CASES}")
    return cases


def _minutes(text: str | None) -> float:
    """Raises UsageError."""
    if text is None:
        return _MINUTES
    try:
        value = float(text) if text.isascii() else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value <= _MOST_MINUTES:
        raise UsageError(f"--minutes {text}: it takes a number above 0, {_MOST_MINUTES} at most")
    return value


def _tell(results: Results, arguments: argparse.Namespace, written: Mapping[tuple[str, int], Path]) -> int:
    """Write and print it, the one even where the other cannot be; the exit code."""
    from toyvm.cli.width import output_width
    from toyvm.lab.text import wrapped
    from toyvm.printable import printable
    from toyvm.report.records import write_json
    from toyvm.verify.results import results_record
    from toyvm.verify.scoreboard import failure_lines, lines

    try:
        if arguments.json:  # before anybody can close what is printed to
            write_json(Path(arguments.json), results_record(results))
    finally:
        shown = [*lines(results.totals, output_width()), *failure_lines(results.totals, written)]
        if results.untried:
            shown += ["", *wrapped(f"Nothing here was tried of: {', '.join(results.untried)}.", output_width())]
        print(printable("\n".join(shown), keep="\n"))
    if results.is_interrupted:
        say("interrupted: not all that was to be tried was")
        return ExitCode.INTERRUPTED
    failed = any(total.failures for total in results.totals.values())
    return ExitCode.CLAIM_FAILED if failed else ExitCode.OK
