"""Work in parts: all of it is done once, whoever does it, whatever dies, and wherever it was ended before."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.part_work import dying, dying_once, refusing, square

from toyvm import parts
from toyvm.errors import BadFileError, ToyvmError, UsageError
from toyvm.parts import (
    Ledger,
    MakeExecutor,
    Part,
    Shard,
    do_parts,
    end_with_parent,
    find_executor,
    ledger_at,
    parse_shard,
    processes,
)

PARTS = [Part(f"part {number}", {"number": number}) for number in range(10)]
EXPECTED = {f"part {number}": {"square": number**2} for number in range(10)}


def results(
    work: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    parts: list[Part] = PARTS,
    make: MakeExecutor | None = None,
    ledger: Ledger | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def done(key: str, result: Mapping[str, Any]) -> None:
        assert key not in found
        found[key] = result

    do_parts(parts, work, make or processes(2), ledger, done)
    return found


@pytest.mark.parametrize("make", [processes(1), processes(3), find_executor("support.part_work:threads")])
def test_every_part_is_done_once(make: MakeExecutor) -> None:
    assert results(square, make=make) == EXPECTED


def test_what_is_lost_with_a_worker_is_done_again(tmp_path: Path) -> None:
    parts = [Part(part.key, {**part.task, "folder": str(tmp_path), "dies": part.task["number"] == 4}) for part in PARTS]
    assert results(dying_once, parts) == EXPECTED
    assert (tmp_path / "4").exists()


def test_what_is_lost_again_and_again_is_an_error() -> None:
    with pytest.raises(ToyvmError, match="parts were lost with their workers 3 times"):
        results(dying, PARTS[:2])


class Losing(Executor):
    """Does each part at once, but loses some as often as is said, and knows what was asked of it."""

    def __init__(self, losses: dict[int, int], error: Exception) -> None:
        self.losses = losses
        self.error = error
        self.given: list[int] = []
        self.futures: list[Future[Any]] = []
        self.ended = False

    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.futures.append(future)
        number = arguments[-1]["number"]
        self.given.append(number)
        if self.losses.get(number, 0):
            self.losses[number] -= 1
            future.set_exception(self.error)
        elif number != STUCK:
            future.set_result(function(*arguments))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        assert not wait, "nobody waits for what is of no use any more"
        self.ended = True


STUCK = 99  # a part that never ends


def losing(made: list[Losing], losses: dict[int, int], error: Exception) -> MakeExecutor:
    def make() -> Executor:
        made.append(Losing(losses, error))
        return made[-1]

    return make


@pytest.mark.parametrize("times", [0, 1, 2, 3, 4])
def test_what_is_lost_up_to_twice_is_done_and_nothing_else_is_done_again(tmp_path: Path, times: int) -> None:
    made: list[Losing] = []
    make = losing(made, {2: times, 7: min(times, 1)}, ValueError("gone"))
    with ledger_at(str(tmp_path / "ledger")) as ledger:
        assert ledger is not None
        if times < 3:
            assert results(square, make=make, ledger=ledger) == EXPECTED
        else:
            with pytest.raises(ToyvmError, match=r"^1 parts were lost with their workers 3 times: ValueError\('gone'"):
                results(square, make=make, ledger=ledger)
        expected = {key: value for key, value in EXPECTED.items() if times < 3 or key != "part 2"}
        assert ledger.results == expected
    rounds = [list(range(10)), [2, 7], [2]][: min(times + 1, 3)]
    assert [executor.given for executor in made] == rounds
    assert all(executor.ended for executor in made)
    lines = [json.loads(line) for line in (tmp_path / "ledger").read_text().splitlines()]
    assert sorted(line["part"] for line in lines) == sorted(expected)
    assert {line["part"]: line["result"] for line in lines} == expected


@pytest.mark.parametrize("error", [UsageError("no"), KeyboardInterrupt()])
def test_an_error_that_ends_it_leaves_nothing_running_and_what_is_done_noted(
    tmp_path: Path, error: BaseException
) -> None:
    made: list[Losing] = []
    parts = [*PARTS[:3], Part("for ever", {"number": STUCK}), PARTS[3]]
    with ledger_at(str(tmp_path / "ledger")) as ledger, pytest.raises(type(error)):
        results(square, parts, losing(made, {3: 1}, error), ledger)  # type: ignore[arg-type]
    (executor,) = made
    assert executor.ended
    assert executor.futures[3].cancelled()


def test_nobody_is_asked_to_do_what_is_in_the_ledger_and_what_is_not_taken_is_not_noted(tmp_path: Path) -> None:
    made: list[Losing] = []
    make = losing(made, {}, ValueError())
    with ledger_at(str(tmp_path / "ledger")) as ledger:
        assert ledger is not None

        def done(key: str, result: Mapping[str, Any]) -> None:
            raise RuntimeError(key)

        with pytest.raises(RuntimeError, match="part"):
            do_parts(PARTS[:1], square, make, ledger, done)
        assert ledger.results == {}
        results(square, make=make, ledger=ledger)
    count = len(made)
    with ledger_at(str(tmp_path / "ledger")) as ledger:
        assert results(dying, make=make, ledger=ledger) == EXPECTED
        do_parts([], dying, make, ledger, done)
    assert len(made) == count


def test_an_error_of_toyvm_s_own_ends_it_at_once() -> None:
    with pytest.raises(UsageError, match="it takes none"):
        results(refusing)


def test_what_is_in_the_ledger_is_not_done_again(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger")
    with ledger_at(path) as ledger:
        assert results(square, PARTS[:6], ledger=ledger).keys() == {part.key for part in PARTS[:6]}
    with ledger_at(path) as ledger:
        assert ledger is not None
        assert len(ledger.results) == 6
        with pytest.raises(UsageError, match="6: it takes none"):
            results(refusing, PARTS[:7], ledger=ledger)
        assert results(square, ledger=ledger) == EXPECTED
    with ledger_at(path) as ledger:
        assert results(dying, ledger=ledger) == EXPECTED


@pytest.mark.parametrize("left", range(0, 60, 3))
def test_a_ledger_that_was_cut_off_goes_on_behind_its_last_whole_line(tmp_path: Path, left: int) -> None:
    path = tmp_path / "ledger"
    with ledger_at(str(path)) as ledger:
        results(square, PARTS[:2], ledger=ledger)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - min(left, len(whole))])
    for _ in range(2):
        with ledger_at(str(path)) as ledger:
            assert results(square, PARTS[:2], ledger=ledger) == {part.key: EXPECTED[part.key] for part in PARTS[:2]}


def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_text("precious\nwords\n")
    with pytest.raises(BadFileError, match=r"ledger:1: no line of a ledger"):
        Ledger(path)
    assert path.read_text() == "precious\nwords\n"


def test_a_line_whose_result_is_none_of_that_work_is_told_with_its_part(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_text('{"part": "part 3", "result": {}}\n')
    with (
        ledger_at(str(path)) as ledger,
        pytest.raises(BadFileError, match="ledger: no result of part 3; remove that line"),
    ):
        do_parts(PARTS, square, processes(1), ledger, lambda key, result: result["square"])


def in_a_worker(do: Callable[[], object]) -> int:
    """What a process ends with that is a worker, does this, and catches all that it can."""
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        try:
            end_with_parent(parent)
            while True:
                with suppress(BaseException):
                    do()
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def end_oneself(task: object = None) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGTERM)
    return {}


def test_a_worker_between_two_parts_ends_at_once_whatever_it_does() -> None:
    assert in_a_worker(end_oneself) == 1


def test_a_part_that_is_told_to_end_cleans_up(tmp_path: Path) -> None:
    def work(task: object) -> dict[str, Any]:
        try:
            return end_oneself()
        finally:
            (tmp_path / "clean").touch()

    assert in_a_worker(lambda: parts._done(work, {})) == 1
    assert (tmp_path / "clean").exists()


def test_a_part_that_is_told_twice_cleans_up_whole(tmp_path: Path) -> None:
    """Its executor tells it, and then its parent's end does."""

    def work(task: object) -> dict[str, Any]:
        try:
            return end_oneself()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            (tmp_path / "clean").touch()

    assert in_a_worker(lambda: parts._done(work, {})) == 1
    assert (tmp_path / "clean").exists()


def test_a_part_that_catches_it_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(task: object) -> dict[str, Any]:
        with suppress(BaseException):
            end_oneself()
        while True:
            time.sleep(60)

    monkeypatch.setattr(parts, "_PATIENCE_SECONDS", 1)
    assert in_a_worker(lambda: parts._done(work, {})) == -signal.SIGALRM


def test_a_ctrl_c_that_comes_while_work_is_given_out_is_not_lost() -> None:
    class Dropping:
        """What is raised here Python drops, as it does in the callbacks of fork."""

        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    class Pool(ThreadPoolExecutor):
        def submit(self, *arguments: Any) -> Any:  # type: ignore[override]
            Dropping()
            return super().submit(*arguments)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            results(square, PARTS[:1], make=Pool)
    finally:
        signal.signal(signal.SIGINT, before)


@given(st.integers(1, 12), st.integers(0, 40), st.randoms())
def test_shards_have_each_part_once_in_whatever_order_they_are_given(count: int, size: int, random: Any) -> None:
    parts = [Part(str(number), {}) for number in range(size)]
    found = []
    for index in range(1, count + 1):
        random.shuffle(parts)
        own = Shard(index, count).of(parts)
        assert own == [part for part in parts if part in own]
        found += own
    assert sorted(found) == sorted(parts)


@pytest.mark.parametrize("text", ["1/1", "3/7", "100000/100000"])
def test_a_shard_is_read_as_it_is_written(text: str) -> None:
    assert "{}/{}".format(*parse_shard(text)) == text


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "-1/3", "1/0", "a/b", "1/2/3", "1/100001", "²/3"])
def test_anything_else_is_no_shard(text: str) -> None:
    with pytest.raises(UsageError, match=r"--shard .*: it takes I/N"):
        parse_shard(text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "an executor is named MODULE:CALL"),
        ("no_such:thing", "no module no_such"),
        ("support.part_work:nothing", "has no nothing"),
        ("a b:c", "an executor is named MODULE:CALL"),
        ("needing:thing", "no module no_such"),
        ("broken:thing", "--executor broken:thing: ZeroDivisionError: division by zero"),
    ],
)
def test_an_executor_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "needing.py").write_text("import no_such")
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(UsageError, match=message):
        find_executor(name)


def test_what_is_no_executor_is_told() -> None:
    with pytest.raises(UsageError, match=r"number\(\) returns a int, not an executor"):
        results(square, make=find_executor("support.part_work:number"))


def _future_of(result: Any) -> Any:
    future: Future[Any] = Future()
    future.set_result(result)
    return future


def _raise(*_: object) -> Any:
    raise ValueError("not today")


@pytest.mark.parametrize(
    ("submit", "says"),
    [
        (lambda self, *given: _future_of(5), r"the executor's result of 5 \(int\)"),
        (lambda self, *given: 5, r"the executor's submit\(\) of 5 \(int\); it takes a concurrent"),
        (_raise, r"the executor's submit\(\) raises ValueError: not today"),
    ],
)
def test_an_executor_that_does_not_do_what_one_does_is_told(submit: Any, says: str) -> None:
    pool = type("Pool", (ThreadPoolExecutor,), {"submit": submit})
    with pytest.raises(UsageError, match=says):
        results(square, make=pool)


def test_an_executor_is_found_in_the_current_directory_and_told_where_it_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pool_of_mine.py").write_text("def make():\n    raise OSError('nobody\\nlistens')\n")
    with pytest.raises(UsageError, match=r"--executor pool_of_mine:make: make\(\) raises OSError: nobody.*listens"):
        find_executor("pool_of_mine:make")()


@pytest.mark.parametrize("failing", range(len(PARTS)))
def test_what_was_done_by_the_time_another_part_fails_is_not_lost(failing: int) -> None:
    had: dict[str, Mapping[str, Any]] = {}
    executor = Losing({failing: 1}, ToyvmError("no space left"))
    with pytest.raises(ToyvmError, match="no space left"):
        do_parts(PARTS, square, lambda: executor, None, had.__setitem__)
    assert had == {key: result for key, result in EXPECTED.items() if key != f"part {failing}"}
