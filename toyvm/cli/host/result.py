"""What a host's run came to: gathered while its guests are there, told once their disks are written back."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toyvm.cli.host.control import Control
from toyvm.cli.host.screen import rows_of
from toyvm.cli.host.table import summary, table
from toyvm.cli.run import exit_code_of
from toyvm.cli.saying import say
from toyvm.cli.width import output_width
from toyvm.errors import ExitCode
from toyvm.host.guest import Guest
from toyvm.host.host_file import HostPlan
from toyvm.host.scheduler import HostStop
from toyvm.machine.outcome import Outcome
from toyvm.report.records import guest_record, machine_record, write_json

_EXPLAINED = 10  # guests that did not end well, in words
_CODES = {
    HostStop.INTERRUPTED: ExitCode.INTERRUPTED,
    HostStop.LIMIT: ExitCode.LIMIT,
    HostStop.TIMEOUT: ExitCode.LIMIT,
}


@dataclass(frozen=True, slots=True)
class _End:
    """How one guest ended, or what it was up to when the run did."""

    name: str
    condition: str
    outcome: Outcome | None
    stopped: bool

    @property
    def complaint(self) -> str:
        """Why it did not end well by itself; "" where it did, or was stopped."""
        if self.outcome is None:
            return "" if self.stopped else f"{self.condition} when the run ended"
        code = self.outcome.exit_code
        counts = f", which counts as {self.code}" if code is not None and code != self.code else ""
        return "" if self.outcome.ok else self.outcome.detail + counts

    @property
    def code(self) -> int:
        if self.outcome is not None:
            return exit_code_of(self.outcome)
        return 0 if self.stopped else int(ExitCode.IDLE)


class Result:
    """Everything that is said after a run."""

    def __init__(self, control: Control, plan: HostPlan, stop: HostStop, *, with_records: bool) -> None:
        """Of guests that are there; `with_records`, with what a report holds of each."""
        self._problems = control.problems
        self._plan = plan
        self._stop = stop
        self._account = control.host.account()
        width = output_width()
        self._lines = [*table(rows_of(control, self._account), width), *summary(self._account, None, width)]
        self._ends = [_end_of(guest) for guest in control.host.guests]
        self._records = list(_records(control, plan)) if with_records else []

    def write_report(self, path: Path) -> None:
        """Raises BadFileError."""
        facts = {name: value for name, value in asdict(self._account).items() if name != "guests"}
        plan = self._plan
        guests = [
            {**asdict(account), **record, "problem": self._problems.get(account.name)}
            for account, record in zip(self._account.guests, self._records, strict=True)
        ]
        record = {
            "stop": str(self._stop),
            "host": {**facts, "hardware": str(plan.hardware), "engine": plan.engine, "slice": plan.slice},
            "guests": guests,
            "machine": machine_record(),
        }
        write_json(path, record)

    def print_table(self) -> None:
        for line in self._lines:
            print(line)
        sys.stdout.flush()

    def explain(self) -> None:
        """Say on standard error of each guest that did not end by itself why, and where."""
        lines = [f"guest {end.name}: {why}" for end in self._ends for why in self._complaints(end)]
        for line in lines[:_EXPLAINED]:
            say(line)
        if len(lines) > _EXPLAINED:
            say(f"and {len(lines) - _EXPLAINED} guests more")

    def _complaints(self, end: _End) -> Iterator[str]:
        is_cut_off = end.outcome is None and self._stop is HostStop.INTERRUPTED  # by whoever wanted it so
        yield from filter(None, ("" if is_cut_off else end.complaint, self._problems.get(end.name)))

    def exit_code(self) -> int:
        """That of what ended the run, or of the first guest in the file that did not end well."""
        if self._stop in _CODES:
            return _CODES[self._stop]
        codes = (end.code or (ExitCode.BAD_FILE if end.name in self._problems else 0) for end in self._ends)
        return int(next((code for code in codes if code), 0))


def _end_of(guest: Guest) -> _End:
    return _End(guest.name, str(guest.condition), guest.outcome, guest.seat.stopped)


def _records(control: Control, plan: HostPlan) -> Iterator[Mapping[str, Any]]:
    """What a report holds of each guest. Where its state cannot be had, that is its problem, and the rest is there."""
    plans = {guest.name: asdict(guest) for guest in plan.guests}
    for guest in control.host.guests:
        state = None
        try:
            state = guest.state_hash()
        except Exception as error:  # it must not end more than this guest's record
            control.problems.setdefault(guest.name, f"its state cannot be reported: {error}")
        yield guest_record(guest, guest.outcome, state, plans[guest.name])
