"""What a user brings to the lab: programs of his own, monitors in Python, and hosts with neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.commands import ROOT, call

from toyvm.errors import BadFileError
from toyvm.lab.experiment import Effort, Experiment, subjects_for
from toyvm.lab.matrix import matrix_lines
from toyvm.lab.measure import repeat
from toyvm.lab.own_host import shared_subjects
from toyvm.lab.own_program import Building, OwnProgram, is_own, own_programs
from toyvm.lab.subjects import Subject, WorkloadFailed
from toyvm.lab.tasks import OwnKernel, WholeRun
from toyvm.lab.workloads import find_workloads
from toyvm.techniques import NAMES

Capture = pytest.CaptureFixture[str]
SYSCALL = ROOT / "guests" / "workloads" / "syscall.s"
HEAD = '.include "platform.inc"\n.globl _start\n_start: platform_begin\n'
WHOLE = f"{HEAD}li a0, 0\npower_off\n"
ONCE = ("--quick", "--repeats", "1")
MONITOR = """
from toyvm.monitor.trap_and_emulate import TrapAndEmulate
class Mine(TrapAndEmulate):
    def handle(self, exit):
        {}super().handle(exit)
number = 5
"""


def own(path: Path, **options: Any) -> OwnProgram:
    return own_programs([str(path)], [], Building(**options))[0]


def source(folder: Path, text: str, name: str = "mine.s") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_source_that_counts_operations_is_timed_as_the_shipped_one_that_it_is_a_copy_of(tmp_path: Path) -> None:
    mine, shipped = own(source(tmp_path, SYSCALL.read_text())), find_workloads(["syscall"])[0]
    for technique in NAMES:
        subject = subjects_for([technique], ["interpreter"], None)[0]
        first, second = (repeat(subject, one.task(technique), 100) for one in (mine, shipped))
        assert (first.instructions, first.priced_exits) == (second.instructions, second.priced_exits)
    assert mine.operation == shipped.operation


def test_any_other_program_is_run_whole_with_what_its_header_gives_it(tmp_path: Path) -> None:
    text = f"# input: abc\n# disk: 3\n# exit: 7\n{HEAD}li a0, 7\npower_off\n"
    task = own(source(tmp_path, text), memory=1 << 20).task("bare")
    assert isinstance(task, WholeRun)
    assert (task.load.input, len(task.load.disk or b""), task.load.exit_code) == (b"abc", 3 * 512, 7)
    assert task.load.memory == 1 << 20
    assert repeat(Subject("bare"), task, 3).instructions > 0


def test_each_run_of_a_whole_program_has_a_disk_of_its_own(tmp_path: Path) -> None:
    task = own(source(tmp_path, f"# disk: 1\n{WHOLE}")).task("bare")
    one, other = task.loads(2)
    assert one.disk is not None
    one.disk[0] = 1
    assert other.disk is not None
    assert other.disk[0] == 0


def test_defines_and_includes_reach_the_assembler(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "own.inc").write_text("li a0, CODE\n")
    path = source(tmp_path, f'{HEAD}.include "own.inc"\npower_off\n')
    program = own(path, defines={"CODE": 0}, include=(str(tmp_path / "there"),))
    assert repeat(Subject("bare"), program.task("bare"), 1).instructions > 0


def test_a_program_that_paravirt_changes_nothing_of_is_not_there_on_para(tmp_path: Path) -> None:
    plain = own(source(tmp_path, ".globl _start\n_start: out 0, zero\n", "plain.s"))
    ported = own(source(tmp_path, WHOLE))
    assert plain.why_missing("para") == "plain is not ported: PARAVIRT changes nothing in it"
    assert [plain.why_missing("trap"), ported.why_missing("para")] == [None, None]


def test_names_are_short_and_each_is_there_once(tmp_path: Path) -> None:
    names = ("syscall.s", "a.s", "dir/a.s", f"{'long' * 10}.s")
    (tmp_path / "dir").mkdir()
    words = [str(source(tmp_path, WHOLE, name)) for name in names]
    found = own_programs([*words, words[0]], ["syscall"], Building())
    assert [one.name for one in found] == ["syscall-2", "a", "a-2", "longlonglonglongl..."]


@pytest.mark.parametrize(
    ("word", "own"),
    [("syscall", False), ("syscal", False), ("x.s", True), ("./x", True), ("kernel", True), ("os/bot", False)],
)
def test_a_word_is_a_program_of_one_s_own_if_it_looks_like_a_file_or_is_another_guest(word: str, own: bool) -> None:
    assert is_own(word, ["syscall", "os/boot"]) is own


OPERATIONS = ".data\n.globl operations\noperations: .dword 1\n"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("li a0, 99999999999999999999999", 100, "mine.s:1:"),
        (f"# period: 0\n{WHOLE}{OPERATIONS}", 101, "mine.s: the header's period is 0; it takes 1.."),
        (f"# disk: -1\n{WHOLE}", 101, "the header's disk is -1; it takes 0..131072"),
        (f"# exit: many\n{WHOLE}", 101, "the header's exit is 'many', not a number"),
        (f"# build: both\n{WHOLE}", 101, "the header's build is 'both'; there are plain, paravirt"),
        (f"{WHOLE}.bss\n.globl operations\noperations: .zero 8\n", 101, "operations is not in initialised data"),
        (f"{WHOLE}{OPERATIONS}", 102, "it does not do as many as the dword at `operations` says"),
    ],
)
def test_a_bad_program_gets_its_message_and_exit_code(
    capfd: Capture, tmp_path: Path, text: str, code: int, message: str
) -> None:
    path = source(tmp_path, text)
    done = call(capfd, "lab", str(path), "--technique", "bare", *ONCE)
    assert done.code == code
    assert message in " ".join((done.errors + done.output).split())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("nowhere.s",), 101, "nowhere.s: neither a file nor a shipped guest"),
        (("os",), 2, "waits to be typed to"),
        (("syscall", "--memory", "4M"), 2, "--memory says something about a program of yours, and there is none"),
        (("syscall", "-D", "N"), 2, "-D says something about a program of yours, and there is none"),
        (("hello", "--memory", "5"), 2, "--memory of 5 bytes"),
        (("syscall", "--technique", "nothing:It"), 2, "no module nothing, neither here nor among those installed"),
        (("syscall", "--technique", "a b:It"), 2, "'a b' is no module's name"),
        (("syscall", "--technique", "there/nothing:It"), 2, "no module nothing, neither here nor among those"),
        (("syscall", "--technique", "without.py:It"), 101, "without.py:1: no module nothing, neither here nor among"),
        (("syscall", "--technique", "mine.py:"), 2, "a monitor is named MODULE:CLASS or FILE.py:CLASS"),
        (("syscall", "--technique", "mine.py:It"), 2, "mine.py has no It; of monitors it has TrapAndEmulate, Mine"),
        (
            ("syscall", "--technique", "mine.py:number"),
            2,
            "number is no class derived from toyvm.monitor.monitor.Monitor",
        ),
        (("syscall", "--technique", "no.py:It"), 101, "no.py: No such file or directory"),
        (("syscall", "--technique", "broken.py:It"), 101, "broken.py:2: ZeroDivisionError: division by zero"),
        (("syscall", "--technique", "odd.py:It"), 101, "odd.py:1: "),
        (("syscall", "--host", "no.toml"), 101, "no.toml: No such file or directory"),
        (("syscall", "--host", "bad.toml"), 101, "bad.toml: guest 1: program: 5"),
        (("syscall", "--host", "trap.toml"), 2, "trap is the name of another column"),
    ],
)
def test_a_wrong_word_gets_one_clear_line(
    capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source(tmp_path, MONITOR.format(""), "mine.py")
    source(tmp_path, "x = 1\nx / 0\n", "broken.py")
    source(tmp_path, "def\n", "odd.py")
    source(tmp_path, "import nothing\n", "without.py")
    source(tmp_path, "[[guest]]\nprogram = 5\n", "bad.toml")
    source(tmp_path, "[[guest]]\nprogram = 'hello'\n", "trap.toml")
    done = call(capfd, "lab", *words, *ONCE)
    assert (done.code, done.errors.count("\n")) == (code, 1)
    assert message in done.errors


def measured(workload: str, subjects: list[Subject]) -> Experiment:
    experiment = Experiment(find_workloads([workload]), subjects)
    experiment.run(Effort(1e-4, 1, 1e-4, 1), lambda text: None)
    return experiment


def test_a_monitor_of_one_s_own_is_a_column_with_prices(tmp_path: Path) -> None:
    monitor = f"{source(tmp_path, MONITOR.format(''), 'mine.py')}:Mine"
    experiment = measured("syscall", subjects_for(["bare", "trap", monitor], ["interpreter"], None))
    assert not experiment.failures
    _, trap, mine = experiment.cells_of("syscall")
    assert mine.exits == trap.exits == {"syscall": 1.0, "crr": 1.0, "crw": 1.0, "eret": 1.0}
    account = experiment.accounts(mine.subject)[0]
    assert (account.technique, [entry.cost for entry in account.entries if entry.cost is None]) == ("mine.py:Mine", [])


def test_a_monitor_s_own_mistake_is_its_cell_s_failure_with_the_line(tmp_path: Path) -> None:
    path = source(tmp_path, MONITOR.format("1 / 0\n        "), "mine.py")
    experiment = measured("syscall", subjects_for([f"{path}:Mine"], ["interpreter"], None))
    assert [cell.failed for cell in experiment.failures] == [f"{path}:5: ZeroDivisionError: division by zero"]


HOST = """
[host]
slice = 1000
[[guest]]
name = "first"
program = "hello"
technique = "{}"
[[guest]]
name = "neighbour"
program = "town/primes"
technique = "trap"
memory = "2M"
"""


@pytest.mark.parametrize("technique", ["trap", "para", "assist"])
def test_the_first_guest_of_a_host_exits_as_it_does_alone(tmp_path: Path, technique: str) -> None:
    path = source(tmp_path, HOST.format(technique), "pair.toml")
    shared, alone = shared_subjects([str(path)], [])[0], subjects_for([technique], ["interpreter"], None)[0]
    task = find_workloads(["syscall"])[0].task(technique)
    assert isinstance(task, OwnKernel)
    with_neighbour, without = repeat(shared, task, 500), repeat(alone, task, 500)
    assert (with_neighbour.instructions, with_neighbour.exits) == (without.instructions, without.exits)
    assert (shared.label, shared.kind, shared.level) == ("pair", technique, alone.level)


def test_a_guest_of_a_host_that_ends_otherwise_has_failed(tmp_path: Path) -> None:
    path = source(tmp_path, HOST.format("trap"), "pair.toml")
    task = own(source(tmp_path, f"# exit: 7\n{HEAD}li a0, 8\npower_off\n")).task("trap")
    with pytest.raises(WorkloadFailed, match=r"pair.*code 8"):
        shared_subjects([str(path)], [])[0].run(task, 1)


def test_a_host_is_a_column_without_prices(tmp_path: Path) -> None:
    path = source(tmp_path, HOST.format("trap"), "pair.toml")
    experiment = measured("syscall", [Subject("bare"), *shared_subjects([str(path)], [])])
    bare, pair = experiment.cells_of("syscall")
    assert not experiment.failures
    assert (pair.instructions, sum(pair.exits.values())) == (bare.instructions, 4.0)
    assert experiment.accounts(pair.subject) == []
    assert any("pair" in line for line in matrix_lines(experiment, 80))


def test_a_host_whose_guests_cannot_be_made_is_told_before_anything_runs(tmp_path: Path) -> None:
    text = HOST.format("trap").replace("[host]", "[host]\nmemory = '1M'").replace('memory = "2M"', 'memory = "900M"')
    with pytest.raises(BadFileError, match=r"pair\.toml: the host has .* bytes free, too few"):
        shared_subjects([str(source(tmp_path, text, "pair.toml"))], [])
