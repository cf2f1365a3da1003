"""The lab in parts: whatever does them, and in whatever order, the same cells come together."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from support.commands import ROOT, call
from support.made_up_lab import made_up

from toyvm.cli import main
from toyvm.errors import BadFileError
from toyvm.lab.divided import cell_state, parts_of, take, take_cell, work
from toyvm.lab.experiment import Effort, Experiment
from toyvm.lab.measure import Cell, Repetition
from toyvm.lab.merging import merge
from toyvm.lab.plan import Plan
from toyvm.lab.results import cell_records
from toyvm.lab.subjects import Sample, Subject
from toyvm.parts import Part, do_parts, processes

Capture = pytest.CaptureFixture[str]
PLAN = Plan(("crwrite", "portio"), techniques=("bare", "trap", "para"), effort=Effort(1e-4, 5, 1e-4, 1))
WORDS = ("crwrite", "--technique", "bare,trap", "--quick", "--repeats", "2")


def empty(folder: Path, plan: Plan = PLAN) -> Experiment:
    experiment = plan.experiment(folder)
    with experiment.filling():
        return experiment


def small_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Part]:
    monkeypatch.setattr("toyvm.lab.divided._SECONDS", 1e-4 * 3 * 5)  # of three subjects; 2 repetitions beside the rest
    return parts_of(PLAN, empty(folder))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        parts = small_parts(tmp_path_factory.mktemp("parts"), patch)
    return {part.key: work(part.task) for part in parts}


def test_parts_are_ranges_of_all_repetitions_and_the_prices_of_each_monitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = small_parts(tmp_path, monkeypatch)
    assert len({part.key for part in parts}) == len(parts)
    for name in PLAN.workloads:
        ranges = [part.task for part in parts if part.task.get("workload") == name]
        turns = [turn for each in ranges for turn in range(each["first"], each["first"] + each["repeats"])]
        assert sorted(turns) == list(range(5))
        assert len(ranges) == {"crwrite": 3, "portio": 1}[name]
    subjects = [empty(tmp_path).subjects[part.task["subject"]].technique for part in parts if "subject" in part.task]
    assert sorted(subjects) == ["bare", "para", "trap"]


def test_a_part_of_some_seconds_has_as_many_repetitions_as_take_them(tmp_path: Path) -> None:
    plan = replace(PLAN, effort=Effort(0.3, 100, 0.05, 5))
    tasks = [part.task for part in parts_of(plan, empty(tmp_path, plan)) if "workload" in part.task]
    for task in tasks:
        seconds = 0.3 * {"crwrite": 3, "portio": 2}[task["workload"]] * (task["repeats"] + 3)
        assert 20 <= seconds <= 60 or task["first"] + task["repeats"] == 100


def test_another_plan_or_program_or_what_it_includes_is_another_part(tmp_path: Path) -> None:
    program, included = tmp_path / "mine.s", tmp_path / "one.inc"
    program.write_text('.include "one.inc"\n_start: ret\n')
    included.write_text("")
    plan = replace(PLAN, programs=(str(program),))
    before = plan.key()
    assert before == replace(PLAN, programs=(str(program),)).key() != PLAN.key()
    included.write_text("nop\n")
    assert plan.key() != before
    assert replace(PLAN, hardware="assist").key() != PLAN.key()


def test_a_plan_comes_back_from_json_as_it_went() -> None:
    plan = replace(PLAN, defines={"N": 5}, include=("there",), hosts=("town",), hardware="strict")
    assert Plan.of_record(json.loads(json.dumps(plan.record()))) == plan


@pytest.mark.parametrize("seed", range(5))
def test_results_join_to_the_same_cells_in_any_order_and_twice(
    tmp_path: Path, results: dict[str, Any], seed: int
) -> None:
    experiment, again = empty(tmp_path), empty(tmp_path)
    for result in results.values():
        take(experiment, result)
    shuffled = [*results.values(), *results.values()]
    random.Random(seed).shuffle(shuffled)
    for result in shuffled:
        take(again, json.loads(json.dumps(result)))
    assert cell_records(again) == cell_records(experiment)
    assert again.costs.keys() == experiment.costs.keys()
    measured = [cell for cell in experiment.cells.values() if cell.missing is None]
    assert [[one.number for one in cell.repetitions] for cell in measured] == [list(range(5))] * len(measured)
    assert experiment.cells["portio", experiment.subjects[2]].missing == "a paravirtual guest has no ports"


def test_counts_are_those_of_one_process(tmp_path: Path, results: dict[str, Any]) -> None:
    joined, alone = empty(tmp_path), PLAN.experiment(tmp_path)
    for result in results.values():
        take(joined, result)
    alone.run(PLAN.effort, lambda text: None)
    for key in ("instructions", "exits_by_reason"):
        assert [one[key] for one in cell_records(joined)] == [one[key] for one in cell_records(alone)]


def test_what_fails_in_one_part_has_failed_and_what_is_there_already_is_not_added() -> None:
    experiment = made_up()

    def state() -> list[tuple[int, str | None, str | None]]:
        return [(len(cell.repetitions), cell.missing, cell.failed) for cell in experiment.cells.values()]

    before = state()
    for cell in list(experiment.cells.values()):
        take(experiment, {"cells": [json.loads(json.dumps(cell_state(cell)))]})
    assert state() == before
    cell = next(cell for cell in experiment.cells.values() if cell.measured)
    take(experiment, {"cells": [{**cell_state(cell), "failed": "it broke", "repetitions": []}]})
    assert (cell.measured, cell.failed) == (False, "it broke")


def test_slices_measured_apart_are_merged_to_the_whole(capfd: Capture, tmp_path: Path) -> None:
    files = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    for number, file in enumerate(files, 1):
        assert call(capfd, "lab", *WORDS, "--shard", f"{number}/2", "--json", file).code == 0
    out = tmp_path / "all.json"
    done = call(capfd, "lab", "merge", *files, files[0], "--json", str(out))
    assert (done.code, done.errors) == (0, "")
    record = json.loads(out.read_text())
    assert [(cell["technique"], cell["repetitions"]) for cell in record["cells"]] == [("bare", 2), ("trap", 2)]
    assert [one["technique"] for one in record["accounts"]] == ["trap"]
    assert record["machine"] == json.loads(Path(files[0]).read_text())["machine"]
    alone = call(capfd, "lab", "merge", str(out), "--json", files[0])
    assert (alone.code, json.loads(Path(files[0]).read_text())["cells"]) == (0, record["cells"])
    assert all("--quick gives up precision" in output for output in (done.output, alone.output))


@pytest.mark.parametrize("place", [0, 1])
def test_a_pipe_is_merged_as_a_file(capfd: Capture, tmp_path: Path, place: int) -> None:
    file = tmp_path / "one.json"
    assert call(capfd, "lab", *WORDS, "--json", str(file)).code == 0
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as pipe:
            pipe.write(file.read_bytes())

    writer = Thread(target=write)
    writer.start()
    files = [str(file)]
    files.insert(place, f"/dev/fd/{reading}")
    done = call(capfd, "lab", "merge", *files)
    writer.join()
    os.close(reading)
    assert (done.code, done.errors) == (0, "")


def test_a_ledger_makes_it_go_on_where_it_was(capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = tmp_path / "ledger"
    assert call(capfd, "lab", *WORDS, "--ledger", str(ledger), "--workers", "2").code == 0
    lines = ledger.read_text().splitlines()
    assert len(lines) == 3  # a workload's, the prices on trap, and those of the bare machine
    monkeypatch.setattr("toyvm.lab.divided.work", None)
    done = call(capfd, "lab", *WORDS, "--ledger", str(ledger))
    assert (done.code, done.errors) == (0, "")
    assert ledger.read_text().splitlines() == lines


def test_results_of_several_machines_say_so(capfd: Capture, tmp_path: Path) -> None:
    file, other, out = (tmp_path / f"{name}.json" for name in ("one", "other", "out"))
    assert call(capfd, "lab", *WORDS, "--json", str(file)).code == 0
    record = json.loads(file.read_text())
    record["machine"]["cpu"] = "another"
    other.write_text(json.dumps(record))
    assert call(capfd, "lab", "merge", str(file), str(other), "--json", str(out)).code == 0
    cpu = json.loads(file.read_text())["machine"]["cpu"]
    assert json.loads(out.read_text())["machine"]["cpu"] == f"{cpu} + another"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the command writes as JSON."""
    file = tmp_path_factory.mktemp("written") / "one.json"
    assert main(["lab", *WORDS, "--json", str(file)]) == 0
    return file.read_text()


def test_a_commit_that_is_not_known_is_not_known_when_merged_either(tmp_path: Path, written: str) -> None:
    record = json.loads(written)
    record["machine"]["commit"] = None
    files = [tmp_path / f"{number}.json" for number in (1, 2)]
    for file in files:
        file.write_text(json.dumps(record))
    assert merge(files)[1] == record["machine"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.pop("subjects"),
        lambda record: record["subjects"].clear(),
        lambda record: record["subjects"][0].update(hardware="none"),
        lambda record: record["subjects"][0].update(technique="none"),
        lambda record: record["subjects"][0].update(like=[3]),
        lambda record: record["records"][0].pop("baseline"),
        lambda record: record["records"][0].update(exits=5, baseline={}),
        lambda record: record["records"][0].update(cpu_seconds="x"),
        lambda record: record["records"][0].update(instructions="x"),
        lambda record: record["records"][0].update(instructions=record["records"][0]["baseline"]["instructions"]),
        lambda record: record["records"][0].update(operations=record["records"][0]["baseline"]["operations"]),
        lambda record: record["records"][0].update(exits={"crw": "x"}),
        lambda record: record["records"][0].update(hypercalls=3),
        lambda record: record["records"][0].update(recompiled=10**400),
        lambda record: record["records"][0]["baseline"].update(entered=None),
        lambda record: record["records"][0].update(cpu_seconds=float("nan")),
        lambda record: record["records"][0].update(repetition="x"),
        lambda record: record["cells"][0].update(operands=3),
        lambda record: record["cells"][0].update(operands={"crw": {"imask": "x"}}),
        lambda record: record["costs"].append({**record["subjects"][0], "instruction": "x", "exits": {}, "doubts": {}}),
        lambda record: record["costs"].append({**record["subjects"][0], "instruction": 1, "exits": 3, "doubts": {}}),
        lambda record: record["watched"][0].update(laps=["crw"]),
        lambda record: record["watched"][-1].update(lap_nanoseconds=dict.fromkeys(record["watched"][-1]["laps"], "x")),
        lambda record: record["watched"][-1].update(operations=0),
        lambda record: record["watched"][-1]["laps"].update(looks=-1),
        lambda record: record["watched"][-1]["lap_nanoseconds"].update(looks=1e308),
        lambda record: record["costs"][-1]["edges"].update(looks="x"),
        lambda record: record["costs"][-1]["edges"].update(looks=1e308),
        lambda record: record["costs"][-1].update(instruction=-1e308),
        lambda record: record["records"][0].update(cpu_seconds=1e308),
        lambda record: record["records"][0].update(exits={"crw": -1}),
        lambda record: record["records"][0].update(
            instructions=1e-300, baseline=record["records"][0]["baseline"] | {"instructions": 0}
        ),
        lambda record: record["cells"].clear(),
        lambda record: record.update(machine=5),
        lambda record: record["machine"].pop("system"),
        lambda record: record["machine"].update(cpu="\ud800"),
        lambda record: record.update(schema=0),
        lambda record: record.update(workloads=[]),
    ],
)
def test_a_file_that_is_no_result_is_refused(tmp_path: Path, written: str, spoil: Any) -> None:
    record = json.loads(written)
    spoil(record)
    file = tmp_path / "one.json"
    file.write_text(json.dumps(record))
    with pytest.raises(BadFileError, match=r"one\.json: "):
        merge([file])


def test_what_a_ledger_of_an_earlier_version_has_is_taken_though_nothing_was_watched() -> None:
    measured = Repetition(Sample(1, 10, {}, 1.0), Sample(11, 110, {}, 2.0), 1)
    state = cell_state(Cell("syscall", Subject("trap"), [measured]))
    del state["watched"]
    taken = Cell("syscall", Subject("trap"))
    take_cell(taken, state)
    assert taken.repetitions == [measured]
    assert taken.watched is None


def test_prices_that_know_what_lies_around_laps_are_taken_before_those_of_earlier_versions(
    tmp_path: Path, written: str
) -> None:
    record, files = json.loads(written), [tmp_path / "old.json", tmp_path / "new.json"]
    files[1].write_text(json.dumps(record))
    for costs in record["costs"]:
        assert costs.pop("edges")
    files[0].write_text(json.dumps(record))
    for order in (files, files[::-1]):
        assert all(costs.edges for costs in merge(order)[0].costs.values())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("merge",), 2, "lab merge: name files that `toyvm lab --json` wrote"),
        (("merge", "no.json"), 101, "no.json: No such file or directory"),
        (("merge", "a", "--technique", "bare"), 2, "lab merge measures nothing, and --technique means nothing there"),
        (("merge", "a", "-D", "A=1"), 2, "lab merge measures nothing, and --defines means nothing there"),
        (("merge", "a", "--bundle", "b.zip"), 2, "lab merge measures nothing, and --bundle means nothing there"),
        (
            ("report", "a", "--fail-on-change"),
            2,
            "lab report measures nothing, and --fail-on-change means nothing there",
        ),
        (("report", "a", "--repeat", "b.zip"), 2, "lab report measures nothing, and --repeat means nothing there"),
        (("crwrite", "--shard", "3/2"), 2, "--shard 3/2: it takes I/N"),
        (("crwrite", "--workers", "0"), 2, "--workers of 0 is out of range; it takes 1..1024"),
        (("crwrite", "--workers", "2", "--executor", "a:b"), 2, "--workers and --executor both say who does the work"),
        (("crwrite", "--executor", "nothing:b"), 2, "--executor nothing:b: no module nothing"),
        (("crwrite", "--workers", "2", "--precision", "2%"), 2, "--precision looks at all repetitions together"),
        (("crwrite", "--ledger", "bad"), 101, "bad:1: no line of a ledger"),
        (("crwrite", "--ledger", "new", "--json", "new"), 2, "--ledger new: --json writes that file"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(
    capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad").write_text("precious\n")
    done = call(capfd, "lab", *words)
    assert (done.code, done.errors.count("\n")) == (code, 1)
    assert message in done.errors


@pytest.mark.slow
def test_a_dask_cluster_that_loses_a_worker_does_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    parts = small_parts(tmp_path, monkeypatch)
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a worker that is killed leaves there what it had
    with (
        pytest.importorskip("dask").config.set({"temporary-directory": str(tmp_path)}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = {}

        def done(key: str, result: Any) -> None:
            if not found:
                next(iter(cluster.workers.values())).process.process.kill()
            found[key] = result

        def make() -> Executor:
            return client.get_executor()  # type: ignore[no-any-return]

        do_parts(parts, work, make, None, done)
    assert found.keys() == {part.key for part in parts}


def test_processes_do_the_lab_s_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, experiment = small_parts(tmp_path, monkeypatch), empty(tmp_path)
    do_parts(parts, work, processes(2), None, lambda key, result: take(experiment, result))
    assert all(cell.measured or cell.missing for cell in experiment.cells.values())
    assert {subject.technique for subject in experiment.costs} == {"bare", "trap"}, "nothing exits on para"


def test_a_program_that_fails_leaves_the_others_and_prices_theirs(capfd: Capture, tmp_path: Path) -> None:
    program, results = tmp_path / "failing.s", tmp_path / "results.json"
    program.write_text('.include "platform.inc"\n_start:\n    platform_begin\n    li a0, 3\n    power_off\n')
    done = call(capfd, "lab", *WORDS, str(program), "--workers", "2", "--json", str(results))
    record = json.loads(results.read_text())
    assert done.code == 102
    assert {(cell["workload"], cell["technique"]) for cell in record["failed"]} == {
        ("failing", "bare"),
        ("failing", "trap"),
    }
    assert {(cell["workload"], cell["technique"]) for cell in record["cells"]} == {
        ("crwrite", "bare"),
        ("crwrite", "trap"),
    }
    assert {costs["technique"] for costs in record["costs"]} == {"bare", "trap"}


def test_workers_end_with_the_process_that_is_interrupted(tmp_path: Path) -> None:
    words = ("crwrite", "--technique", "bare,trap", "--repeats", "1000", "--workers", "2", "--ledger", "ledger")
    command = [sys.executable, "-m", "toyvm", "lab", *words]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, env=environment) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(list(tmp_path.glob("toyvm-lab-*"))) < 3:  # its own, and each worker's
            assert process.poll() is None
        assert len(children.read_text().split()) == 2
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)  # the pipe is closed when nobody has it any more
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]
