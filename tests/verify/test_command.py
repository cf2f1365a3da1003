"""toyvm verify: the scoreboard, in parts and joined, ended and gone on with; failures as files that are tried again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.claims import Dying, Elsewhere, Holding, Sevenths, Waiting, place_of
from support.commands import ROOT, call

from toyvm.errors import BadFileError
from toyvm.parts import Ledger
from toyvm.verify.claim import seal_of
from toyvm.verify.properties import CLASSES, find_property
from toyvm.verify.worlds.exploring import Account as Explored

PROPERTIES = list(CLASSES)
Capture = pytest.CaptureFixture[str]
HEAD = re.compile(r"property +cases +failed +time +claim")


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    before = dict(CLASSES)
    CLASSES.update({claimed.name: place_of(claimed) for claimed in (Dying, Elsewhere, Holding, Sevenths, Waiting)})
    yield
    CLASSES.clear()  # in their order, too, which undoing one deletion after another would turn round
    CLASSES.update(before)


def counted(record: dict[str, Any]) -> Any:
    """All that a run is to repeat."""
    return [{key: one[key] for key in one if key != "seconds"} for one in record["properties"]]


def test_every_property_has_a_name_and_a_sentence() -> None:
    for name in CLASSES:
        claimed = find_property(name)
        assert claimed.name == name
        assert claimed.claim.endswith(".")
        assert claimed.at_once > 0


def test_the_page_says_of_each_property_what_a_case_is() -> None:
    page = (ROOT / "toyvm" / "docs" / "verify.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page.partition("| column |")[0], re.MULTILINE) == PROPERTIES


def test_the_list_says_what_is_claimed(capsys: Capture) -> None:
    done = call(capsys, "verify", "--list")
    assert done.code == 0
    assert " ".join(done.output.split()).count(find_property("engines").claim) == 1


def test_a_claim_that_holds_ends_with_0(capsys: Capture, tmp_path: Path) -> None:
    done = call(capsys, "verify", "holding", "--cases", "12")
    assert (done.code, done.errors) == (0, "")
    head, row, total = done.output.splitlines()
    assert HEAD.fullmatch(head)
    assert row.split()[:3] == ["holding", "12", "-"]
    assert total.split()[:3] == ["all", "12", "-"]
    assert not list(tmp_path.iterdir())


def test_a_claim_that_does_not_ends_with_1_and_a_file_that_is_tried_again(capsys: Capture, tmp_path: Path) -> None:
    done = call(capsys, "verify", "sevenths", "holding", "--seed", "5", "--cases", "10", "--regressions", "there")
    assert done.code == 1
    assert done.output.splitlines()[1].split()[:3] == ["sevenths", "10", "2"]
    assert "again with `toyvm verify sevenths --seed 14 --cases 1`" in done.output
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["sevenths-14.json", "sevenths-7.json"]
    again = call(capsys, "verify", "there/sevenths-7.json", "there/sevenths-14.json")
    assert again.code == 1
    assert "there/sevenths-7.json: fails\n  7 is a multiple of seven" in again.output
    alone = call(capsys, "verify", "sevenths", "--seed", "14", "--cases", "1")
    assert alone.output.splitlines()[1].split()[:3] == ["sevenths", "1", "1"]


def test_the_first_that_fails_is_the_last_that_is_tried(capsys: Capture, tmp_path: Path) -> None:
    done = call(
        capsys, "verify", "holding", "sevenths", "--first", "--seed", "5", "--cases", "12", "--ledger", "ledger"
    )
    assert done.code == 1
    rows = {line.split()[0]: line.split()[1:3] for line in done.output.splitlines() if line.startswith(tuple(CLASSES))}
    assert rows["sevenths"] == ["3", "1"]
    assert "again with `toyvm verify sevenths --seed 7 --cases 1`" in done.output
    assert call(capsys, "verify", "holding", "--first", "--cases", "12").code == 0


def test_a_regression_that_holds_now_ends_with_0(capsys: Capture, tmp_path: Path) -> None:
    for name, number in (("one.json", 8), ("two.json", 1)):
        (tmp_path / name).write_text(Sevenths().text({"number": number}, number, "it was wrong"))
    assert call(capsys, "verify", "one.json").output == "one.json: holds\n"
    assert call(capsys, "verify", "two.json").output == "two.json: is left open\n  1 is below five\n"


def test_a_regression_that_was_changed_is_refused(capsys: Capture, tmp_path: Path) -> None:
    text = Sevenths().text({"number": 7}, 7, "it was wrong")
    (tmp_path / "one.json").write_text(text.replace('"number": 7', '"number": 8'))
    done = call(capsys, "verify", "one.json")
    assert (done.code, done.errors) == (101, "toyvm: one.json: the case in it has been changed\n")


@pytest.mark.parametrize(
    "case", [5, "x", {}, {"guests": [{"program": 1.5}]}, {"guests": [{"program": {"memory": []}}]}]
)
def test_what_is_no_case_of_its_property_is_refused(capsys: Capture, tmp_path: Path, case: object) -> None:
    record = {"property": "neighbours", "case": case, "seal": seal_of("neighbours", case)}
    (tmp_path / "one.json").write_text(json.dumps(record))
    done = call(capsys, "verify", "one.json")
    assert (done.code, done.errors.count("\n")) == (101, 1)
    assert done.errors.startswith("toyvm: one.json: ")


def test_a_case_that_ends_its_process_has_no_file_but_its_number(capsys: Capture, tmp_path: Path) -> None:
    done = call(capsys, "verify", "dying", "--cases", "4")
    assert done.code == 1
    assert "dying: case 3 fails; again with `toyvm verify dying --seed 3 --cases 1`" in done.output
    assert not list(tmp_path.iterdir())


def test_time_is_shared_by_all_properties(capsys: Capture, tmp_path: Path) -> None:
    done = call(capsys, "verify", "holding", "sevenths", "--minutes", "0.01", "--json", "out.json", "--workers", "2")
    assert done.code == 1
    record = json.loads((tmp_path / "out.json").read_text())
    assert [one["property"] for one in record["properties"]] == ["holding", "sevenths"]
    assert len(record["accounts"]) == 2


def test_the_result_has_all_that_was_tried(capsys: Capture, tmp_path: Path) -> None:
    call(capsys, "verify", "sevenths", "--cases", "25", "--json", "out.json")
    record = json.loads((tmp_path / "out.json").read_text())
    assert (record["schema"], record["interrupted"]) == (1, False)
    assert counted(record) == [
        {"property": "sevenths", "claim": Sevenths.claim, "cases": 25, "failed": 3, "left_open": 5}
    ]
    assert [(one["seed"], one["cases"]) for one in record["accounts"]] == [(0, 10), (10, 10), (20, 5)]
    assert set(record["machines"][0]) == {"cpu", "system", "python", "toyvm", "commit"}


def test_shards_joined_are_the_whole(capsys: Capture, tmp_path: Path) -> None:
    words = ("verify", "sevenths", "holding", "--cases", "57", "--json")
    call(capsys, *words, "whole.json")
    for number in (1, 2, 3):
        call(capsys, *words, f"{number}.json", "--shard", f"{number}/3")
    whole = json.loads((tmp_path / "whole.json").read_text())
    for files in (("1.json", "2.json", "3.json"), ("3.json", "2.json", "1.json", "2.json", "whole.json")):
        done = call(capsys, "verify", "merge", *files, "--json", "joined.json")
        assert done.code == 1
        joined = json.loads((tmp_path / "joined.json").read_text())
        assert sorted(counted(joined), key=str) == sorted(counted(whole), key=str)
        assert {str(one["failures"]) for one in joined["accounts"]} == {
            str(one["failures"]) for one in whole["accounts"]
        }


def test_a_slice_says_of_which_properties_it_has_no_part(capsys: Capture, tmp_path: Path) -> None:
    words = ("verify", "sevenths", "holding", "--cases", "2", "--json")
    first = call(capsys, *words, "1.json", "--shard", "1/2")
    second = call(capsys, *words, "2.json", "--shard", "2/2")
    assert first.output.endswith("\n\nNothing here was tried of: sevenths.\n")
    assert second.output.endswith("\n\nNothing here was tried of: holding.\n")
    joined = call(capsys, "verify", "merge", "1.json", "2.json", "--json", "both.json")
    alone = call(capsys, "verify", "merge", "1.json")
    assert "Nothing here was tried" not in joined.output
    assert alone.output.endswith("\n\nNothing here was tried of: sevenths.\n")
    untried = [json.loads((tmp_path / f"{name}.json").read_text())["untried"] for name in ("1", "2", "both")]
    assert untried == [["sevenths"], ["holding"], []]


def test_results_of_another_toyvm_are_not_joined(capsys: Capture, tmp_path: Path) -> None:
    call(capsys, "verify", "holding", "--cases", "5", "--json", "one.json")
    record = json.loads((tmp_path / "one.json").read_text())
    record["machines"][0]["commit"] = "0123456789ab"
    (tmp_path / "two.json").write_text(json.dumps(record))
    done = call(capsys, "verify", "merge", "one.json", "two.json")
    assert done.code == 101
    assert "two.json: of another toyvm" in done.errors


def test_a_file_that_names_no_property_is_refused_by_its_name(capsys: Capture, tmp_path: Path) -> None:
    call(capsys, "verify", "holding", "--cases", "1", "--json", "results.json")
    (tmp_path / "case.json").write_text(Sevenths().text({"number": 7}, 7, "it was wrong"))
    for name, words in (("results.json", ("merge", "results.json")), ("case.json", ("case.json",))):
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(text.replace('"holding"', '"holdings"').replace('"sevenths"', '"sevnths"'))
        done = call(capsys, "verify", *words)
        assert done.code == 101
        assert done.errors.startswith(f"toyvm: {name}: no property '")


def test_a_regression_that_cannot_be_written_loses_nothing(capsys: Capture, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / "kept" / f"sevenths-{number}.json").mkdir(parents=True)
    words = ("verify", "sevenths", "--cases", "20", "--json", "out.json", "--regressions", "kept")
    done = call(capsys, *words)
    assert done.code == 1
    lines = done.errors.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("toyvm: kept/sevenths-") and line.endswith("; --json has the case") for line in lines)
    assert done.output.splitlines()[1].split()[:3] == ["sevenths", "20", "2"]
    assert json.loads((tmp_path / "out.json").read_text())["properties"][0]["failed"] == 2


def test_results_that_cannot_be_written_are_printed(capsys: Capture) -> None:
    done = call(capsys, "verify", "holding", "--cases", "12", "--json", "/dev/full")
    assert (done.code, done.errors) == (101, "toyvm: /dev/full: No space left on device\n")
    assert done.output.splitlines()[1].split()[:3] == ["holding", "12", "-"]


def test_a_ledger_that_can_be_written_no_more_ends_it_with_what_is_done(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note(ledger: Ledger, key: str, result: object) -> None:
        raise BadFileError("ledger: No space left on device")

    monkeypatch.setattr(Ledger, "note", note)
    done = call(capsys, "verify", "holding", "--cases", "30", "--ledger", "ledger", "--json", "out.json")
    assert (done.code, done.errors.splitlines()[-1]) == (101, "toyvm: ledger: No space left on device")
    assert done.output.splitlines()[1].split()[:3] == ["holding", "10", "-"]
    assert json.loads((tmp_path / "out.json").read_text())["interrupted"]


def test_worlds_explored_before_a_ctrl_c_are_written(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class World:
        def __init__(self, name: str) -> None:
            self.name = name

        def explore(self, steps: int, tell: object) -> Explored:
            if self.name == "rings":
                raise KeyboardInterrupt
            return Explored(self.name, 1, steps)

    monkeypatch.setattr("toyvm.verify.worlds.division.find_world", World)
    done = call(capsys, "verify", "worlds", "grants", "rings", "--steps", "1", "--json", "out.json")
    assert (done.code, done.errors) == (130, "toyvm: interrupted: not all worlds were explored\n")
    assert [one["world"] for one in json.loads((tmp_path / "out.json").read_text())["worlds"]] == ["grants"]


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "{}", '{"schema": 2}', '{"schema": 1, "accounts": [3], "machines": [], "interrupted": 0}']
)
def test_what_is_no_result_is_refused(capsys: Capture, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    for words in (("merge", "bad.json"), ("bad.json",)):
        done = call(capsys, "verify", *words)
        assert (done.code, done.errors.count("\n")) == (101, 1)
        assert done.errors.startswith("toyvm: bad.json: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sevnths",), "no property 'sevnths'; did you mean sevenths? (there are engines, monitors, "),
        (("--cases", "3", "--minutes", "1"), "--cases and --minutes both"),
        (("--cases", "0"), "--cases 0: it takes 1..1000000000"),
        (("--minutes", "0"), "--minutes 0: it takes a number above 0"),
        (("--minutes", "nan"), "--minutes nan: it takes a number above 0"),
        (("engines", "--cases", "1000000000"), "--cases 1000000000: 5000000 parts of some 20 seconds; 1000000 is the"),
        (
            ("engines", "--minutes", "1e6", "--workers", "1000"),
            "--minutes 1e+06 on 1000 workers, of all shards: 3000000000 parts of some 20 seconds; 1000000 is the most",
        ),
        (("merge",), "name files that `toyvm verify --json` wrote"),
        (("merge", "a.json", "--cases", "1"), "--cases means nothing there"),
        (("merge", "a.json", "--steps", "1"), "--steps means nothing there"),
        (("merge", "a.json", "--first"), "--first means nothing there"),
        (("one.json", "--workers", "1"), "--workers means nothing there"),
        (("one.json", "--json", "two.json"), "--json means nothing there"),
        (("--workers", "1", "--executor", "a:b"), "give one of them"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys: Capture, words: tuple[str, ...], said: str) -> None:
    done = call(capsys, "verify", *words)
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert said in done.errors


def test_what_cannot_be_tried_here_is_left_out_and_that_is_said_once_all_words_are_right(capsys: Capture) -> None:
    for name in PROPERTIES:
        del CLASSES[name]
    words = ("--cases", "1")
    assert call(capsys, "verify", "holding", *words).errors == ""
    for name in ("dying", "sevenths", "waiting"):
        del CLASSES[name]
    done = call(capsys, "verify", *words)
    assert (done.code, done.errors) == (0, "toyvm: elsewhere is left out: it takes what is not here\n")
    assert [row.split()[0] for row in done.output.splitlines()] == ["property", "holding", "all"]
    done = call(capsys, "verify", "elsewhere", *words)
    assert (done.code, done.errors) == (2, "toyvm: elsewhere cannot be tried: it takes what is not here\n")


def test_a_ledger_has_what_is_done_and_that_is_not_done_again(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("verify", "sevenths", "--cases", "30", "--ledger", "ledger", "--json")
    call(capsys, *words, "one.json")
    lines = (tmp_path / "ledger").read_text().splitlines(keepends=True)
    assert len(lines) == 3
    (tmp_path / "ledger").write_text("".join(lines[:2]) + lines[2][:20])
    call(capsys, *words, "two.json")
    one, two = (json.loads((tmp_path / name).read_text()) for name in ("one.json", "two.json"))
    assert counted(one) == counted(two)
    assert (tmp_path / "ledger").read_text().startswith("".join(lines[:2]))
    assert len(Ledger(tmp_path / "ledger").results) == 3


def test_a_ctrl_c_leaves_what_is_done(tmp_path: Path) -> None:
    words = ("waiting", "--cases", "30", "--json", "out.json", "--ledger", "ledger")
    code = (
        "import sys, toyvm.cli as c; from support.claims import *; CLASSES['waiting'] = place_of(Waiting); "
        "sys.argv[:] = ['toyvm', 'verify', *sys.argv[1:]]; c.entry_point()"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"}
    with subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=tmp_path, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as running:  # fmt: skip
        while not ((tmp_path / "ledger").exists() and (tmp_path / "ledger").read_text().count("\n") == 1):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        output, errors = running.communicate()
    assert running.returncode == 130, errors
    assert errors == "toyvm: interrupted: not all that was to be tried was\n"
    assert output.splitlines()[1].split()[:3] == ["waiting", "10", "-"]
    record = json.loads((tmp_path / "out.json").read_text())
    assert (record["interrupted"], [one["cases"] for one in record["properties"]]) == (True, [10])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger", "out.json"]
