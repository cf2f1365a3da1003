"""Reports: what a run or a measurement came to, as JSON records, and the machine it came from."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from toyvm import __version__
from toyvm.commit import commit
from toyvm.errors import BadFileError
from toyvm.files.boundary import boundary, read_text, shown
from toyvm.files.replacing import replace_file
from toyvm.isa.control import ALL_BITS
from toyvm.limits import MAXIMUM_REPLAY_BYTES, MAXIMUM_REPLAY_RECORDS
from toyvm.machine.console import BytesInput, InputRecord, InputSource, ReplayInput
from toyvm.machine.outcome import Outcome

_MARKS_OF_RECORD = 4  # brackets, braces and commas that JSON needs for one, at most


class Reportable(Protocol):
    """What a report needs of a computer."""

    @property
    def exits(self) -> dict[str, int]: ...
    @property
    def hypercalls(self) -> dict[str, int]: ...
    def state_hash(self) -> str: ...


def run_report(computer: Reportable, outcome: Outcome, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The record of one run; its keys are those of the design's section on the command line."""
    return {
        "stop": str(outcome.stop),
        "exit_code": outcome.exit_code,
        "instructions": outcome.instructions,
        "exits": computer.exits,
        "hypercalls": computer.hypercalls,
        "state": computer.state_hash(),
        "seconds": outcome.seconds,
        "detail": outcome.detail,
        "configuration": dict(configuration),
        "machine": machine_record(),
    }


def guest_record(
    guest: Reportable, outcome: Outcome | None, state: str | None, configuration: Mapping[str, Any]
) -> dict[str, Any]:
    """The record of one guest of a shared host, in a state of that hash; without an outcome it could have gone on."""
    return {
        "stop": None if outcome is None else str(outcome.stop),
        "exit_code": None if outcome is None else outcome.exit_code,
        "exits": guest.exits,
        "state": state,
        "detail": None if outcome is None else outcome.detail,
        "configuration": dict(configuration),
    }


def machine_record() -> dict[str, Any]:
    """Where figures come from: CPU, versions, commit."""
    return {
        "cpu": _cpu_name(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "toyvm": __version__,
        "commit": commit(),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.machine()


def write_json(path: Path, record: Any) -> None:
    """Write `record` whole or not at all. Raises BadFileError."""
    replace_file(path, (json.dumps(record, indent=1) + "\n").encode())


def input_log_record(log: Sequence[InputRecord], live: bool) -> dict[str, Any]:
    """What came in as JSON holds it: from a terminal, `live`, or from a stream, which is there from the start."""
    return {"live": live, "input": [{"instructions": one.instructions, "data": one.data.hex()} for one in log]}


def read_replay(path: Path) -> InputSource:
    """The input that `input_log_record` recorded, from a file. Raises BadFileError."""
    text = read_text(path, MAXIMUM_REPLAY_BYTES, "a record of input is JSON")
    if sum(text.count(mark) for mark in "[{,") > _MARKS_OF_RECORD * MAXIMUM_REPLAY_RECORDS:
        raise BadFileError(f"{shown(path)}: has more than {MAXIMUM_REPLAY_RECORDS} records, which is the limit")
    with boundary(path, "not a record of input that `toyvm run --record` wrote"):
        record = json.loads(text)
        log = [InputRecord(_count(one["instructions"]), bytes.fromhex(one["data"])) for one in record["input"]]
        if not record.get("live", True):
            return BytesInput(b"".join(one.data for one in log))
    if any(later.instructions < earlier.instructions for earlier, later in pairwise(log)):
        raise BadFileError(f"{shown(path)}: the record of input goes back in time")
    return ReplayInput(log)


def _count(value: Any) -> int:
    """A count of instructions as JSON has it. Raises ValueError."""
    if type(value) is not int or not 0 <= value <= ALL_BITS:
        raise ValueError(f"{value!r} is no count of instructions")
    return value
