"""The table of targets: what holds, what is missing, and how it reads in text, Markdown and JSON."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from math import inf

import pytest
from peers.measure import Failure, Warm, Whole
from peers.others import HELLO, MEMORY, SYSCALL, TOYVM_HELLO, Reading
from peers.plot import comparison_svg, targets_svg
from peers.processes import Times
from peers.report import Comparison
from peers.scorecard import markdown_lines, records, text_lines
from peers.subjects import INTERPRETER, NATIVE, RECOMPILER, Subject
from peers.targets import TARGETS, Results, Row, rows_of

PROGRAMS = ("fib", "sieve")


def subject(name: str, missing: str | None = None) -> Subject:
    return Subject(name, lambda program, folder: [], missing)


SUBJECTS = [subject(NATIVE), subject(INTERPRETER), subject(RECOMPILER), subject("unicorn", "it is not here")]


def warm(program: str, name: str, number: int, seconds: float) -> Warm:
    return Warm(program, name, number, Times(0.1, 0.1), (Times(1, 1), Times(seconds, seconds)), 1)


def comparison(**slow: float) -> Comparison:
    samples = [
        warm(program, name, number, seconds)
        for program in PROGRAMS
        for number in range(2)
        for name, seconds in ((NATIVE, 1.0), (INTERPRETER, slow["interpreter"]), (RECOMPILER, slow["recompiler"]))
    ]
    return Comparison(SUBJECTS, samples, [])


def whole_processes(slowdown: float) -> Comparison:
    pairs = [(NATIVE, 1.0), (RECOMPILER, slowdown)]
    samples = [Whole(program, name, 0, Times(time, 2 * time)) for program in PROGRAMS for name, time in pairs]
    return Comparison(SUBJECTS, samples, [])


def results(interpreter: float = 7.0, recompiler: float = 1.4, long: float = 3.5) -> Results:
    readings = [
        *(Reading(SYSCALL, INTERPRETER, number, value) for number, value in enumerate((18.0, 19.0, 17.0))),
        Reading(HELLO, TOYVM_HELLO, 0, 99.0),
        Reading(MEMORY, INTERPRETER, 0, 2 << 20),
    ]
    return Results(comparison(interpreter=interpreter, recompiler=recompiler), whole_processes(long), readings, 6)


def by_name(rows: list[Row]) -> dict[str, Row]:
    return {row.target.what: row for row in rows}


def test_each_row_is_judged_by_its_median() -> None:
    holds = [row.holds for row in rows_of(results())]
    assert holds == [True, True, False, True, True, True, False]
    goals = [row.is_goal_reached for row in rows_of(results())]
    assert goals == [False, True, False, True, False, False, None]


def test_what_is_just_reached_holds() -> None:
    row = rows_of(results(interpreter=8.0))[0]
    assert (row.holds, row.is_goal_reached) == (True, False)


def test_what_was_not_measured_is_neither_held_nor_missed_and_says_so() -> None:
    empty = Comparison(SUBJECTS, [], [])
    rows = rows_of(Results(empty, empty, [], None))
    assert [row.holds for row in rows] == [None] * len(TARGETS)
    for line in text_lines(rows, 100):
        assert line.startswith("    ") or line.endswith(("-", "holds"))
    assert json.loads(json.dumps(records(rows)))


def test_a_program_that_failed_leaves_no_mean() -> None:
    whole = comparison(interpreter=7.0, recompiler=1.4)
    samples = [one for one in whole.samples if (one.subject, one.program) != (INTERPRETER, "sieve")]
    broken = Comparison(SUBJECTS, samples, [Failure("sieve", INTERPRETER, "it ended with code 102: it broke")])
    assert broken.mean(INTERPRETER) is None
    assert broken.mean(RECOMPILER) is not None
    text = "\n".join([*broken.table(100), *broken.notes(100)])
    assert "failed: toyvm interpreter on sieve: it ended with code 102: it broke" in text
    assert "not measured: unicorn: it is not here" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_subjects_that_do_not_fit_beside_the_others_come_beneath(width: int) -> None:
    lines = comparison(interpreter=7.0, recompiler=1.4).table(width)
    assert max(map(len, lines)) <= width
    rows = [line.split()[1:] for line in lines if line.startswith("sieve")]
    assert [float(cell) for row in rows for cell in row if cell[0] != "\u00b1"] == [1.0, 7.0, 1.4]


def test_a_program_on_which_all_failed_is_still_a_row() -> None:
    failures = [Failure("fib", name, "gcc failed") for name in (NATIVE, INTERPRETER)]
    lines = Comparison(SUBJECTS, [], failures).table(100)
    assert [line.split() for line in lines if line.startswith("fib")] == [["fib", "-", "-", "-"]]


def test_peers_measured_here_stand_before_constants_from_elsewhere() -> None:
    rows = by_name(rows_of(results()))
    text = "\n".join(text_lines(list(rows.values()), 100))
    assert "libriscv 10.8, wasm3 10.8 elsewhere" in text
    assert "the handler is 6 instructions long" in text
    assert "CPU time of all threads: toyvm recompiler 3.50" in text


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_is_as_wide_as_asked_for(width: int) -> None:
    assert max(map(len, text_lines(rows_of(results()), width))) <= width


def test_the_markdown_is_one_table_with_a_row_for_each_target() -> None:
    lines = list(markdown_lines(rows_of(results())))
    assert {line.count("|") for line in lines} == {7}
    assert len(lines) == len(TARGETS) + 2


def test_the_record_has_what_the_table_has() -> None:
    record = records(rows_of(results()))
    assert record == json.loads(json.dumps(record))
    first = record[0]
    assert (first["to_reach"], first["go_for"], first["holds"]) == (8, 6.5, True)
    assert first["measured"]["median"] == pytest.approx(7.0)


def test_a_mean_over_some_of_the_programs_says_so_and_judges_nothing() -> None:
    whole = comparison(interpreter=7.0, recompiler=1.4)
    part = Comparison(SUBJECTS, whole.samples, [], [*PROGRAMS, "list"])
    assert any(line.startswith("mean of 2 of 3 ") for line in part.table(100))
    rows = rows_of(Results(part, part, [], None))
    assert [row.holds for row in rows[:3]] == [None, None, None]


def test_the_pictures_are_svg_with_a_label_for_each_row() -> None:
    found = results()
    rows = rows_of(found)
    svg = targets_svg(rows, found.warm, found.long, "a <machine>")
    texts = {one.text for one in ElementTree.fromstring(svg).iter() if one.text}
    assert {target.what for target in TARGETS} <= texts
    assert {INTERPRETER, RECOMPILER, "a <machine>"} <= texts
    assert ElementTree.fromstring(comparison_svg(found.warm, "")) is not None


def test_a_picture_of_nothing_is_still_one() -> None:
    empty = Comparison(SUBJECTS, [], [])
    for svg in (comparison_svg(empty, ""), targets_svg(rows_of(Results(empty, empty, [], None)), empty, empty, "")):
        size = ElementTree.fromstring(svg).get("height")
        assert size is not None
        assert 0 < float(size) < inf
