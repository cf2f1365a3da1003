"""The lab: what it measures, how it counts, and what it prints and writes. No figure's size is tested, only counts."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import ROOT, call

from toyvm import load_program
from toyvm.isa.control import CONTROL_REGISTERS
from toyvm.isa.ports import PORTS
from toyvm.lab.breakdown import account_of
from toyvm.lab.experiment import Effort, Experiment, whole_record
from toyvm.lab.measure import Cell, Repetition, calibrate, empty_cells, measure, measure_cells, repeat
from toyvm.lab.nanobenchmarks import NANOS, UNFORESEEN, Costs, Nano, measure_costs, operand_nano
from toyvm.lab.published import FIGURES, MARKS
from toyvm.lab.subjects import Sample, Subject, WorkloadFailed
from toyvm.lab.table import lines, number
from toyvm.lab.tasks import OwnKernel, Task, with_operations
from toyvm.lab.workloads import find_workloads
from toyvm.techniques import parse_variant

Capture = pytest.CaptureFixture[str]
BARE, TRAP, PARA = Subject("bare"), Subject("trap"), Subject("para")
TINY = Effort(0.001, 2, 0.001, 1)
WORKLOADS = [
    *("syscall", "crwrite", "portio", "callret", "exception", "pagefault", "ptupdate"),
    *("switch", "hypercall", "compute", "boot", "forkwait", "diskcopy", "console"),
]
SYSTEM = [
    *("os/syscall", "os/pagefault", "os/switch", "os/compute", "os/boot", "os/forkwait", "os/shell", "os/diskcopy"),
    "os/console",
]


def repetition(operations: int, instructions: int, exits: dict[str, int], seconds: float) -> Repetition:
    return Repetition(Sample(1, 100, {"in": 5}, 0.5), Sample(operations, instructions, exits, seconds))


def test_the_workloads_come_in_their_order() -> None:
    assert [workload.name for workload in find_workloads()] == WORKLOADS + SYSTEM


def test_a_repetition_takes_its_baseline_off() -> None:
    one = repetition(11, 130, {"in": 25, "out": 10}, 1.5)
    assert (one.operations, one.instructions, one.exits) == (10, 3.0, {"in": 2.0, "out": 1.0})
    assert one.nanoseconds == pytest.approx(1e8)


def test_a_cell_shows_median_and_half_of_its_interval() -> None:
    cell = Cell("any", BARE, [repetition(11, 130, {}, 0.5 + seconds) for seconds in (1.0, 3.0, 2.0)])
    assert cell.nanoseconds == pytest.approx(2e8)
    assert cell.spread == pytest.approx(0.5)


def test_the_account_closes_with_what_is_unexplained() -> None:
    cell = Cell("any", TRAP, [repetition(11, 130, {"in": 25, "probe": 10}, 0.5 + 1e-6)])
    account = account_of(cell, Costs(1.0, {"in": 20.0}))
    parts = account.direct + sum(entry.nanoseconds for entry in account.entries) + account.unexplained
    assert parts == pytest.approx(account.total) == pytest.approx(100.0)
    # 3 instructions, of which 2 ins and a probe were emulated; probe has no price.
    assert (account.direct, account.unexplained) == (pytest.approx(0.0), pytest.approx(60.0))
    assert {entry.reason: entry.cost for entry in account.entries} == {"in": 20.0, "probe": None}


def test_each_hypercall_is_a_reason_of_its_own_in_the_account() -> None:
    one = repeat(PARA, find_workloads(["switch"])[0].task("para"), 20)
    calls = {reason: count for reason, count in one.priced_exits.items() if reason.startswith("hypercall")}
    assert calls == {"hypercall iret": 1.0, "hypercall set_roots": 1.0}
    assert sum(one.priced_exits.values()) == sum(one.exits.values()) == 3.0
    cell = Cell("switch", PARA, [one])
    account = account_of(cell, Costs(1.0, {"hypercall iret": 5.0}))
    assert {entry.reason: entry.cost for entry in account.entries}["hypercall iret"] == 5.0


PAIRS = [
    (workload.name, technique)
    for workload in find_workloads(WORKLOADS)
    for technique in ("bare", "trap", "rewrite", "para")
    if workload.why_missing(technique) is None
]


@pytest.mark.parametrize(("name", "technique"), PAIRS)
def test_each_workload_runs_where_it_can_exist_and_its_counts_are_exact(name: str, technique: str) -> None:
    workload, subject = find_workloads([name])[0], Subject(technique)
    task = workload.task(technique)
    first, second = (repeat(subject, task, 20) for _ in range(2))
    assert (first.instructions, first.exits) == (second.instructions, second.exits)
    assert first.instructions > 0


def test_a_trap_guest_retires_what_the_bare_machine_does() -> None:
    for workload in find_workloads(WORKLOADS):
        if not workload.why_missing("trap") and not workload.why_missing("bare"):
            task = workload.task("trap")
            counts = {subject.run(task, 9).instructions for subject in (TRAP, BARE)}
            assert len(counts) == 1, workload.name


def test_operations_are_set_in_the_image_and_nothing_else_is() -> None:
    image = load_program("workloads/crwrite")
    other = with_operations(image, 12345)
    place = image.address_of("operations")
    changed = {
        segment.address + offset
        for segment, old in zip(other.segments, image.segments, strict=True)
        for offset, (new_byte, old_byte) in enumerate(zip(segment.data, old.data, strict=True))
        if new_byte != old_byte
    }
    assert changed
    assert changed <= set(range(place, place + 8))


# How often an operation of a nanobenchmark has what it prices, where that is not once.
OFTEN = {
    **{"walks": 2, "fetch_walks": 2, UNFORESEEN: 0.5, "trace": 2},
    **{"listed_calls": 4, "scanned_leaves": 1024, "console_bytes": 64, "ring_sectors": 8},
}


@pytest.mark.parametrize("nano", NANOS, ids=lambda nano: nano.name)
def test_each_nanobenchmark_has_what_it_prices(nano: Nano) -> None:
    for technique in nano.techniques:
        subject = Subject(technique, level=parse_variant(technique).level)
        one = repeat(subject, nano.task(technique), 2001)
        if nano.reason is None:
            assert one.exits == {}
            continue
        counts = {**one.priced_exits, **one.work}
        often = OFTEN.get(nano.reason, 1.0)
        if nano.reason == "scanned_entries":  # up to the entry in use, which is one of the last, or twice a table
            often = 1024 if technique == "para" else 497
        if (nano.reason, technique) == ("shadow_page_fault", "hybrid"):
            often = 2.0  # it forgets the page that runs, too
        assert counts["walks" if nano.reason == UNFORESEEN else nano.reason] == pytest.approx(often, rel=0.1)


NAMING = [
    *(f"crr {register.name}" for register in CONTROL_REGISTERS),
    *(
        f"{mnemonic} {register.name}"
        for mnemonic in ("crw", "crx")
        for register in CONTROL_REGISTERS
        if register.writable
    ),
    *(f"in {port.name}" for port in PORTS if port.read),
    *(f"out {port.name}" for port in PORTS if port.write and port.name != "power"),
]


@pytest.mark.parametrize("reason", NAMING)
def test_each_register_and_port_has_a_nanobenchmark(reason: str) -> None:
    nano = operand_nano(reason)
    assert nano is not None
    cell = Cell(nano.name, TRAP)
    measure_cells([cell], {TRAP: nano.task("trap")}, 1e-4, 1, lambda text: None)
    assert cell.failed is None
    assert cell.priced_exits == {reason: 1.0}


def test_a_register_that_a_workload_writes_has_a_price_of_its_own() -> None:
    subject = Subject("rewrite")
    costs = measure_costs(subject, ["crw ptbr", "crw timecmp", "out power"], 1e-4, 1, lambda text: None)
    assert costs is not None
    assert {"crw ptbr", "crw timecmp"} <= costs.exits.keys()
    assert not {"crw", "in", "out", "out power"} & costs.exits.keys()


def test_exits_divide_among_the_registers_that_they_name() -> None:
    task = find_workloads(["boot"])[0].task("rewrite")
    assert repeat(Subject("rewrite"), task, 3).operands == {"crw": {"ptbr": 0.8, "status": 0.2}}


@pytest.mark.parametrize("name", [one.name for one in find_workloads(WORKLOADS) if one.task("bare").period > 1])
def test_counts_are_equal_along_a_row(name: str) -> None:
    workload = find_workloads([name])[0]
    period = workload.task("bare").period
    subjects = [
        Subject(technique, level=parse_variant(technique).level) for technique in ("bare", "trap", "rewrite", "assist")
    ]
    cells = measure(workload, empty_cells(workload, subjects), 1e-3, 1, lambda text: None)
    assert len({cell.instructions for cell in cells}) == 1
    assert len({cell.repetitions[0].operations for cell in cells} | {period}) > 1
    for cell in cells:
        assert cell.repetitions[0].operations % period == 0


@pytest.mark.parametrize("period", [1, 7, 256])
def test_a_run_does_whole_periods_beyond_the_baseline(period: int) -> None:
    task = OwnKernel(load_program("workloads/callret"), period=period)
    assert (calibrate(BARE, task, 1e-4) - 1) % period == 0


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    done = Experiment(find_workloads(["syscall", "portio", "hypercall"]), [BARE, TRAP, PARA])
    done.run(TINY, lambda text: None)
    return done


def test_a_cell_that_cannot_exist_says_why(experiment: Experiment) -> None:
    text = "\n".join(lines(experiment))
    assert "a paravirtual guest has no ports" in text
    assert "there is no monitor to ask" in text
    assert not experiment.failures


def test_the_output_is_aligned_and_fits_a_terminal(experiment: Experiment) -> None:
    printed = list(lines(experiment))
    rows = [line for line in printed if line.startswith(("workload ", "syscall ", "portio ", "hypercall "))]
    assert len({line.index("|") for line in rows[:4]}) == 1
    assert max(map(len, printed)) <= 118


@pytest.mark.parametrize("width", [80, 100, 118, 160])
def test_no_line_is_wider_than_asked_for(experiment: Experiment, width: int) -> None:
    assert max(map(len, lines(experiment, width))) <= width


def test_account_published_figures_and_ported_lines_stand_beneath(experiment: Experiment) -> None:
    text = "\n".join(lines(experiment))
    for part in ("The account of trap", "unexplained", "Adams and Agesen", "Ported lines", "1.36%"):
        assert part in text
    for mark, meaning in MARKS.items():
        assert f"{mark} {meaning}" in text


def test_every_published_figure_has_a_mark() -> None:
    for figure in FIGURES:
        for quoted in (figure.native, figure.software, figure.hardware):
            assert quoted.mark in MARKS
            assert str(quoted).endswith(f" {quoted.mark}")


def test_the_record_has_one_entry_for_each_repetition(experiment: Experiment) -> None:
    record = whole_record(experiment, {"cpu": "any"}, {})
    measured = [cell for cell in experiment.cells.values() if cell.measured]
    assert len(record["records"]) == TINY.repeats * len(measured)
    keys = {"workload", "technique", "engine", "hardware", "operations", "instructions", "exits", "cpu_seconds"}
    assert all(keys <= entry.keys() for entry in record["records"])
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize("subjects", [1, 2, 3, 5])
def test_subjects_take_turns_so_that_each_runs_first_and_last_as_often_as_others(
    monkeypatch: pytest.MonkeyPatch, subjects: int
) -> None:
    ran: list[str] = []

    def run(self: Subject, task: object, operations: int, watched: bool = False) -> Sample:
        if not watched:
            ran.append(self.technique)
        return Sample(operations, operations, {}, operations * 1e-3)

    monkeypatch.setattr(Subject, "run", run)
    names = [f"technique{n}" for n in range(subjects)]
    cells = [Cell("any", Subject(name)) for name in names]
    tasks = dict.fromkeys((cell.subject for cell in cells), OwnKernel(load_program("hello")))
    measure_cells(cells, tasks, 0.05, 2 * subjects, lambda text: None)
    turns = ran[-4 * subjects * subjects :: 2]  # each beside its baseline
    rounds = [turns[at : at + subjects] for at in range(0, len(turns), subjects)]
    assert all(sorted(one) == names for one in rounds)
    assert sorted(one[0] for one in rounds) == sorted(one[-1] for one in rounds) == sorted(2 * names)
    assert all(len(cell.repetitions) == 2 * subjects for cell in cells)


def test_a_baseline_that_is_kept_is_run_once_for_all_repetitions(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []

    def run(self: Subject, task: object, operations: int, watched: bool = False) -> Sample:
        if not watched:
            ran.append(operations)
        return Sample(operations, operations, {}, operations * 1e-3)

    monkeypatch.setattr(Subject, "run", run)
    cell = Cell("any", Subject("bare"))
    tasks = {cell.subject: OwnKernel(load_program("hello"))}
    measure_cells([cell], tasks, 0.05, 4, lambda text: None, keeps_baseline=True)
    assert ran == [1, 50, 1, 51, 51, 51, 51], "tried with, and then measured"
    assert len({id(one.baseline) for one in cell.repetitions}) == 1


@pytest.mark.parametrize("good", [0, 5, 8])
def test_a_workload_that_fails_after_a_while_has_no_figures_and_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, good: int
) -> None:
    """So many of its runs are good, and all of the other's."""
    ran: list[str] = []

    def run(self: Subject, task: object, operations: int, watched: bool = False) -> Sample:
        ran.append(self.technique)
        if self.technique == "bad" and ran.count("bad") > good:
            raise WorkloadFailed("it broke")
        return Sample(operations, operations, {}, operations * 1e-3)

    monkeypatch.setattr(Subject, "run", run)
    cells = [Cell("any", Subject("bad")), Cell("any", Subject("good"))]
    tasks = dict.fromkeys((cell.subject for cell in cells), OwnKernel(load_program("hello")))
    measure_cells(cells, tasks, 0.05, 6, lambda text: None)
    assert [(cell.measured, cell.failed) for cell in cells] == [(False, "it broke"), (True, None)]
    assert len(cells[1].repetitions) == 6
    assert ran.count("bad") == good + 1


def test_the_price_of_each_register_and_port_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = repetition(21, 300, {"crr epc": 20, "crw epc": 20}, 0.6)
    monkeypatch.setattr("toyvm.lab.nanobenchmarks.calibrate", lambda *arguments: 21)
    monkeypatch.setattr("toyvm.lab.nanobenchmarks.repeat", lambda *arguments: made_up)
    said: list[str] = []
    measure_costs(TRAP, ["crr epc", "crw epc", "crr epc", "in clock"], 0.001, 1, said.append)
    named = [text.removeprefix("exit ").partition(" on ")[0] for text in said if text.startswith("exit ")]
    assert len(named) == len(set(named))
    assert {"crr epc", "crw epc", "in clock"} <= set(named)


def test_a_workload_that_fails_says_so_and_the_others_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    from toyvm.lab.subjects import WorkloadFailed

    run = Subject.run

    def failing(self: Subject, task: Task, operations: int, watched: bool = False) -> Sample:
        if self.technique == "trap":
            raise WorkloadFailed("it broke")
        return run(self, task, operations, watched)

    monkeypatch.setattr(Subject, "run", failing)
    done = Experiment(find_workloads(["crwrite"]), [BARE, TRAP])
    done.run(TINY, lambda text: None)
    assert "failed: it broke" in "\n".join(lines(done))
    assert done.cells["crwrite", BARE].measured


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("syscal",), "did you mean syscall? (there are syscall, crwrite, "),
        (("nothing",), "there are syscall, crwrite, "),
        (("--technique", "bare,odd"), "there are bare, trap, rewrite, hybrid"),
        (("--engine", "recompile"), "there are interpreter, recompiler, reference"),
        (("--engine", "reference", "--technique", "trap"), "bare machine only"),
        (("--hardware", "classic", "--technique", "trap"), "technique trap takes strict, assist"),
        (("--hardware", "foo"), "there are classic, hybrid, strict, assist"),
        (("--repeats", "0"), "it takes 1.."),
        (("--repeats", "x"), "is no whole number"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(capfd: Capture, words: tuple[str, ...], message: str) -> None:
    done = call(capfd, "lab", *words)
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert message in done.errors


def test_the_command_prints_a_table_and_writes_the_record(capfd: Capture, tmp_path: Path) -> None:
    file = tmp_path / "lab.json"
    words = ("crwrite", "--technique", "bare", "--quick", "--repeats", "1", "--json", str(file))
    done = call(capfd, "lab", *words)
    assert (done.code, done.errors) == (0, "")
    assert "crwrite" in done.output
    assert json.loads(file.read_text())["machine"]["cpu"]


def test_ctrl_c_before_anything_is_measured_leaves_no_record(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "toyvm", "lab", "--json", str(tmp_path / "lab.json")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal) as process:
        errors = b""
        while b"how many operations" not in errors:  # it is measuring
            errors += os.read(controller, 4096)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    os.close(terminal)
    with suppress(OSError):  # the end, where the other side is closed
        while part := os.read(controller, 4096):
            errors += part
    os.close(controller)
    assert process.returncode == 130
    assert errors.splitlines()[-1].endswith(b"toyvm: interrupted")
    assert os.listdir(tmp_path) == []


def interrupted_after(monkeypatch: pytest.MonkeyPatch, runs: int) -> None:
    """Ctrl-C comes after so many runs."""
    run, left = Subject.run, [runs]

    def counted(self: Subject, task: Task, operations: int, watched: bool = False) -> Sample:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return run(self, task, operations, watched)

    monkeypatch.setattr(Subject, "run", counted)


def test_ctrl_c_leaves_the_cells_that_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Experiment(find_workloads(["crwrite", "syscall"]), [BARE, TRAP])
    interrupted_after(monkeypatch, 100)
    done.run(replace(TINY, repeats=1000), lambda text: None)
    assert done.is_interrupted
    bare, trap = done.cells_of("crwrite")
    assert abs(len(bare.repetitions) - len(trap.repetitions)) <= 1
    assert (bare.instructions, trap.exits) == (3.0, {"crw": 1.0})
    assert [cell.missing for cell in done.cells_of("syscall")] == ["interrupted before"] * 2
    assert "interrupted before" in "\n".join(lines(done))
    assert done.costs == {}


def test_ctrl_c_writes_what_there_is_and_says_so(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "lab.json"
    interrupted_after(monkeypatch, 100)
    words = ("crwrite", "syscall", "--technique", "bare,trap", "--quick", "--repeats", "1000", "--json", str(file))
    done = call(capfd, "lab", *words)
    assert done.code == 130
    assert done.errors.endswith(
        f"toyvm: interrupted: 2 of 4 cells are measured, some with fewer repetitions; written to {file}\n"
    )
    record = json.loads(file.read_text())
    assert record["interrupted"]
    assert [(each["workload"], each["technique"]) for each in record["cells"]] == [
        ("crwrite", "bare"),
        ("crwrite", "trap"),
    ]
    assert "crwrite" in done.output


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (1.5, "1.50"), (123.456, "123.5"), (1234.5, "1234"), (2e9, "2.00e+09"), (0, "0")]
)
def test_numbers_have_no_more_digits_than_they_need(value: float, text: str) -> None:
    assert number(value) == text
