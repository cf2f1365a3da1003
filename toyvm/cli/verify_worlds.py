"""`toyvm verify worlds --steps N`: small worlds, explored whole."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from toyvm.cli.options import parse_count
from toyvm.cli.saying import say
from toyvm.errors import ExitCode, UsageError
from toyvm.lab.progress import Progress
from toyvm.report.records import write_json
from toyvm.verify.worlds.catalogue import NAMES, claim, find_world
from toyvm.verify.worlds.core import STEPS_MAXIMUM
from toyvm.verify.worlds.exploring import Account

_WORLDS = "worlds"
_SCHEMA = 1


def explore_worlds(names: Sequence[str], steps: str, json: str | None, *, is_first_enough: bool) -> int:
    """The worlds named behind `worlds`, all unless said, to so many steps: the exit code. Raises UsageError.

    None behind one with a finding, if the first is enough.
    """
    if not names or names[0] != _WORLDS:
        raise UsageError("--steps is of small worlds: `toyvm verify worlds [WORLD...] --steps N`")
    count = parse_count(steps, "--steps") or 0
    if not 1 <= count <= STEPS_MAXIMUM:
        raise UsageError(f"--steps {steps}: it takes 1..{STEPS_MAXIMUM}")
    worlds = {name: find_world(name) for name in names[1:] or NAMES}
    accounts: list[Account] = []
    try:
        for world in worlds.values():
            with Progress(sys.stderr) as progress:
                accounts.append(world.explore(count, lambda account: progress.show(claim(account))))
            print("\n".join(_lines(accounts[-1])), flush=True)
            if is_first_enough and accounts[-1].findings:
                break
    except KeyboardInterrupt:
        say("interrupted: not all worlds were explored")
        return ExitCode.INTERRUPTED
    finally:  # those that were, whatever ended it: two hours may be in them
        if json is not None:
            write_json(Path(json), {"schema": _SCHEMA, "worlds": [asdict(account) for account in accounts]})
    return ExitCode.CLAIM_FAILED if any(account.findings for account in accounts) else ExitCode.OK


def _lines(account: Account) -> list[str]:
    paths = [f"  {'; '.join(finding.path)}: {finding.wrong}" for finding in account.findings]
    return [claim(account), *paths]
