"""What a terminal brought, as a file: written, read back, and refused where it is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.commands import call

from toyvm.errors import BadFileError
from toyvm.machine.console import InputRecord, ReplayInput
from toyvm.report.records import input_log_record, read_replay, write_json

RECORDS = st.lists(st.builds(InputRecord, st.integers(0, (1 << 64) - 1), st.binary(max_size=5)), max_size=6)
# Echoes what comes, and asks for no more than there is.
ECHO = """
_start:
1:  in   a0, 1
    li   t0, -1
    beq  a0, t0, 1b
    bltz a0, 2f
    out  0, a0
    j    1b
2:  li   a0, 0
    out  8, a0
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("record") / "log.json"


@given(records=RECORDS)
def test_a_terminal_s_record_reads_back_if_its_times_never_go_back(file: Path, records: list[InputRecord]) -> None:
    """At one count a terminal may bring bytes, and then its end."""
    write_json(file, input_log_record(records, True))
    times = [record.instructions for record in records]
    if times != sorted(times):
        with pytest.raises(BadFileError, match="goes back in time"):
            read_replay(file)
        return
    replay = read_replay(file)
    assert isinstance(replay, ReplayInput)
    for time in dict.fromkeys(times):
        assert replay.next_count == time
        assert replay.take(time - 1) == []
        assert replay.take(time) == [record.data for record in records if record.instructions == time]
    assert replay.next_count is None


@given(records=RECORDS)
def test_a_stream_s_record_reads_back_whole_whatever_its_times(file: Path, records: list[InputRecord]) -> None:
    write_json(file, input_log_record(records, False))
    whole = b"".join(record.data for record in records)
    assert (read_replay(file).fetch(1 << 20, 0), read_replay(file).live) == (whole, False)


def test_bytes_and_the_end_at_one_count_are_replayed(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "guest.s").write_text(ECHO)
    records = [InputRecord(100, b"a"), InputRecord(100, b"bc"), InputRecord(100, b"")]
    (tmp_path / "log.json").write_text(json.dumps(input_log_record(records, True)))
    done = call(capfd, "run", str(tmp_path / "guest.s"), "--replay", str(tmp_path / "log.json"))
    assert (done.code, done.output) == (0, "abc")


@pytest.mark.parametrize("count", ["-1", "0.5", "1e3", "true", '"7"', "null", "18446744073709551616"])
def test_what_is_no_count_of_instructions_is_no_record(file: Path, count: str) -> None:
    file.write_text(f'{{"live": true, "input": [{{"instructions": {count}, "data": "68"}}]}}')
    with pytest.raises(BadFileError, match="not a record of input"):
        read_replay(file)
