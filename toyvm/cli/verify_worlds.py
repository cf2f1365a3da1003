"""`toyvm verify worlds --steps N`: small worlds, explored whole."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from toyvm.cli.lab_parts import executor_of, is_divided
from toyvm.cli.options import parse_count
from toyvm.cli.saying import say
from toyvm.errors import ExitCode, UsageError
from toyvm.lab.progress import Progress
from toyvm.parts import Record, do_parts, ledger_at
from toyvm.report.records import write_json
from toyvm.verify.worlds.catalogue import NAMES, check_name, claim
from toyvm.verify.worlds.core import STEPS_MAXIMUM, build
from toyvm.verify.worlds.division import parts_of, work
from toyvm.verify.worlds.exploring import Account

_WORLDS = "worlds"
_SCHEMA = 1


class _FirstFoundError(Exception):
    """No other world is to be explored."""


def explore_worlds(arguments: argparse.Namespace) -> int:
    """The worlds named behind `worlds`, all unless said, to --steps: the exit code. Raises UsageError.

    With --first, none once something is found.
    """
    first, *names = arguments.properties or [""]
    if first != _WORLDS:
        raise UsageError("--steps is of small worlds: `toyvm verify worlds [WORLD...] --steps N`")
    steps = parse_count(arguments.steps, "--steps") or 0
    if not 1 <= steps <= STEPS_MAXIMUM:
        raise UsageError(f"--steps {arguments.steps}: it takes 1..{STEPS_MAXIMUM}")
    for name in names:
        check_name(name)
    build()
    parts = parts_of(list(dict.fromkeys(names)) or NAMES, steps)
    accounts: list[Account] = []

    def tell(account: Account) -> None:
        progress.show(claim(account))

    def done(key: str, result: Record) -> None:
        accounts.append(Account.of_record(result))
        progress.show("")
        print("\n".join(_lines(accounts[-1])), flush=True)
        if arguments.first and accounts[-1].findings:
            raise _FirstFoundError

    try:
        with Progress(sys.stderr) as progress, ledger_at(arguments.ledger) as ledger, suppress(_FirstFoundError):
            if is_divided(arguments):
                do_parts(parts, work, executor_of(arguments), ledger, done)
            else:
                for part in parts:
                    done(part.key, work(part.task, tell))
    except KeyboardInterrupt:
        say("interrupted: not all worlds were explored")
        return ExitCode.INTERRUPTED
    finally:  # those that were, whatever ended it: two hours may be in them
        if arguments.json is not None:
            worlds = [account.record() for account in accounts]
            write_json(Path(arguments.json), {"schema": _SCHEMA, "worlds": worlds})
    return ExitCode.CLAIM_FAILED if any(account.findings for account in accounts) else ExitCode.OK


def _lines(account: Account) -> list[str]:
    paths = [f"  {'; '.join(finding.path)}: {finding.wrong}" for finding in account.findings]
    return [claim(account), *paths]
