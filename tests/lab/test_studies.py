"""Tables that are counted: in parts, in slices, twice and joined they are what one process counts."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.commands import call

from toyvm.errors import BadFileError
from toyvm.lab.cost_models import CostModel, find_model
from toyvm.lab.density import Density
from toyvm.lab.exit_sweep import ExitSweep
from toyvm.lab.isolation import Isolation
from toyvm.lab.report.saved import read_saved
from toyvm.lab.studies import count, merge_studies, parts_of, study_record, take, work
from toyvm.lab.study import Study
from toyvm.lab.working_set import WorkingSets
from toyvm.machine.tlb import TlbShape
from toyvm.parts import do_parts, processes

Capture = pytest.CaptureFixture[str]
MACHINE = {"cpu": "one", "system": "Linux", "python": "3", "toyvm": "1", "commit": None}


def published() -> CostModel:
    model = find_model("pentium4-vtx")
    assert model is not None
    return model


def made(name: str) -> Study:
    """A small one of each, with nothing counted."""
    return {
        "isolation": lambda: Isolation(["para", "limits"], 2),
        "density": lambda: Density(["para", "contexts"], [1, 2]),
        "exit-sweep": lambda: ExitSweep(published()),
        "working-set": lambda: WorkingSets(TlbShape(4, 2), published()),
    }[name]()


@pytest.fixture(scope="module", params=["isolation", "density", "exit-sweep", "working-set"])
def whole(request: pytest.FixtureRequest) -> Study:
    """One, counted point after point."""
    study = made(request.param)
    count(study, lambda text: None)
    return study


def test_processes_count_what_one_counts(whole: Study) -> None:
    study = made(whole.name)
    do_parts(parts_of(study), work, processes(2), None, lambda key, result: take(study, result))
    assert study_record(study, MACHINE)[study.key] == study_record(whole, MACHINE)[whole.key]
    assert list(study.lines(100)) == list(whole.lines(100))


def test_slices_join_in_any_order_and_twice(whole: Study, tmp_path: Path) -> None:
    points = list(whole.results)
    random.Random(5).shuffle(points)
    files = []
    for number, own in enumerate((points[::2], points[1::2], points[::3])):
        part = made(whole.name)
        for point in own:
            part.take(point, whole.results[point])
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(study_record(part, MACHINE)))
        assert whole.key not in json.loads(files[-1].read_text())
    merged = merge_studies(files)
    assert merged is not None
    study, machine = merged
    assert (study.missing, machine) == ([], MACHINE)
    assert study.record() == whole.record()
    assert study.settings() == whole.settings()


def test_slices_counted_apart_are_merged_to_the_whole(capfd: Capture, tmp_path: Path) -> None:
    files = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    for number, file in enumerate(files, 1):
        done = call(capfd, "lab", "--sweep", "--shard", f"{number}/2", "--json", file)
        assert (done.code, done.output) == (0, "")
        assert "4 of 8 points of exit-sweep are counted" in done.errors
    whole, merged = (tmp_path / name for name in ("whole.json", "merged.json"))
    printed = call(capfd, "lab", "--sweep", "--json", str(whole)).output
    done = call(capfd, "lab", "merge", *files, files[0], "--json", str(merged))
    assert (done.code, done.output, done.errors) == (0, printed, "")
    assert json.loads(merged.read_text())["sweep"] == json.loads(whole.read_text())["sweep"]


def test_a_ledger_makes_it_go_on_where_it_was(capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("lab", "--sweep", "--tlb", "4x2", "--ledger", str(tmp_path / "ledger"))
    first = call(capfd, *words, "--shard", "1/2")
    assert first.code == 0
    counted = len((tmp_path / "ledger").read_text().splitlines())
    second = call(capfd, *words, "--workers", "2")
    assert (second.code, second.output.splitlines()[0][:8]) == (0, "What wal")
    assert len((tmp_path / "ledger").read_text().splitlines()) > counted
    monkeypatch.setattr("toyvm.lab.studies.work", None)
    assert call(capfd, *words).output == second.output


def test_a_report_takes_no_slice(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text(json.dumps(study_record(made("isolation"), MACHINE)))
    with pytest.raises(BadFileError, match=r"one\.json: a slice of isolation; `toyvm lab merge` joins those"):
        read_saved([file])


def test_what_another_toyvm_counted_is_not_joined(whole: Study, tmp_path: Path) -> None:
    record = study_record(whole, MACHINE)
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(json.dumps(record))
    changed = json.loads(one.read_text())
    result = changed["counted"][0]["result"]
    name = {"isolation": "ticks", "density": "exits", "exit-sweep": "events", "working-set": "instructions"}[whole.name]
    result[name] = {"eret": 5} if name == "events" else 5
    other.write_text(json.dumps(changed))
    with pytest.raises(BadFileError, match=r"other\.json: .* comes to something else"):
        merge_studies([one, other])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.update(study="none"),
        lambda record: record.update(settings=5),
        lambda record: record["settings"].clear(),
        lambda record: record["settings"].update(numbers=[2.5], ways=5, model=[]),
        lambda record: record.update(machine={}),
        lambda record: record.update(counted={"a": 5}),
        lambda record: record["counted"][0].update(point=["x"]),
        lambda record: record["counted"][0].update(point=[[]]),
        lambda record: record["counted"][0].update(result=[]),
        lambda record: record["counted"][0].update(result={"x": 1}),
    ],
)
def test_a_file_that_is_no_study_is_refused(whole: Study, tmp_path: Path, spoil: Any) -> None:
    record = json.loads(json.dumps(study_record(whole, MACHINE)))
    spoil(record)
    file = tmp_path / "one.json"
    file.write_text(json.dumps(record))
    with pytest.raises(BadFileError, match=r"one\.json: "):
        merge_studies([file])


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("isolation", "--shard", "1/2"), 2, "add --json FILE, for `toyvm lab merge`, or --ledger FILE"),
        (("density", "--workers", "0"), 2, "--workers of 0 is out of range"),
        (("density", "--workers", "2", "--executor", "a:b"), 2, "give one of them"),
        (("--sweep", "--executor", "nothing:b"), 2, "no module nothing"),
        (("--sweep", "--ledger", "one.json"), 101, "one.json:1: no line of a ledger"),
        (("--sweep", "--ledger", "one.json", "--json", "one.json"), 2, "--ledger one.json: --json writes that file"),
        (("merge", "one.json", "two.json"), 101, "two.json: exit-sweep, but not that of one.json"),
        (("merge", "one.json", "--csv", "x"), 2, "--csv says nothing of exit-sweep"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(
    capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Path(f"{name}.json").write_text(json.dumps(study_record(ExitSweep(replace(published(), name=name)), MACHINE)))
    done = call(capfd, "lab", *words)
    assert (done.code, done.errors.count("\n")) == (code, 1), done.errors
    assert message in done.errors
