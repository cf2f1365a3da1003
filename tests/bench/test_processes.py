"""Processes that are timed: whole ones, living ones, and those that do not do what they are to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from peers import processes
from peers.processes import Failed, run_whole, session

READY = "print('ready', flush=True)\n"
LOOP = READY + "for line in __import__('sys').stdin: print(6 * 7, flush=True)\n"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_whole_process_gives_what_it_printed_and_its_times() -> None:
    output, times = run_whole(python("print('one'); print('two')"))
    assert output == "one\ntwo"
    assert times.cpu > 0
    assert times.elapsed > 0


def test_a_living_process_gives_a_result_each_time_it_is_told() -> None:
    with session(python(LOOP)) as living:
        results = [living.repeat() for _ in range(3)]
    assert [result for result, _ in results] == ["42"] * 3
    assert all(times.cpu >= 0 < times.elapsed for _, times in results)
    assert living.start.cpu > 0


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; sys.exit('first\\nlast words')", "code 1: last words"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9: and said nothing"),
        ("import sys; sys.exit(3)", "code 3: and said nothing"),
    ],
)
def test_a_process_that_fails_says_how_and_its_last_line(code: str, why: str) -> None:
    with pytest.raises(Failed, match=f"it ended with {why}"):
        run_whole(python(code))
    with pytest.raises(Failed, match=f"it ended with {why}"), session(python(code)):
        pass
    with pytest.raises(Failed, match=f"it ended with {why}"), session(python(READY + code)) as living:
        living.repeat()


def test_a_process_that_ends_well_but_too_soon_has_failed() -> None:
    with pytest.raises(Failed, match="it said 'hello' and not 'ready'"), session(python("print('hello')")):
        pass
    with pytest.raises(Failed, match="ended before it had done its work"), session(python(READY)) as living:
        living.repeat()


def test_a_process_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "TIMEOUT", 0.05)
    with pytest.raises(Failed, match="nothing came of it"):
        run_whole(python("import time; time.sleep(60)"))


def test_every_process_finds_empty_caches_unless_it_is_given_a_folder(tmp_path: Path) -> None:
    leave = "import os; d = os.environ['XDG_CACHE_HOME']; print(len(os.listdir(d))); open(d + '/x', 'w').close()"
    assert [run_whole(python(leave))[0] for _ in range(2)] == ["0", "0"]
    assert [run_whole(python(leave), tmp_path)[0] for _ in range(2)] == ["0", "1"]
