"""The operating system's workloads: that they do what they say, and how often, wherever the system runs."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from support.commands import call

from toyvm.filesystem.volume import Volume
from toyvm.lab.experiment import Effort, Experiment
from toyvm.lab.matrix import matrix_lines
from toyvm.lab.measure import Repetition, repeat
from toyvm.lab.subjects import Subject, WorkloadFailed
from toyvm.lab.table import lines
from toyvm.lab.tasks import Load, SystemScript
from toyvm.lab.workloads import Block, Workload, find_workloads
from toyvm.launch import launched
from toyvm.techniques import COMPARED, SYSTEM_NAMES, parse_any
from toyvm.testing.techniques import FULL

Capture = pytest.CaptureFixture[str]
SYSTEM = [workload for workload in find_workloads() if workload.block is Block.SYSTEM]
BARE, TRAP, PARA = map(Subject, ("bare", "trap", "para"))


def named(name: str) -> Workload:
    return find_workloads([f"os/{name}"])[0]


def few(workload: Workload, technique: str, engine: str = "interpreter") -> Repetition:
    """Two periods beyond the baseline."""
    subject = Subject(technique, engine, level=parse_any(technique).level)
    task = workload.task(technique)
    return repeat(subject, task, task.baseline + 2 * task.period)


def output_of(load: Load) -> bytes:
    output = io.BytesIO()
    with launched("bare", load.memory, disk=load.disk, input=load.input, output=output) as machine:
        machine.load(load.image)
        machine.run().check()
    return output.getvalue()


@pytest.mark.parametrize("workload", SYSTEM, ids=lambda workload: workload.name)
def test_each_says_what_an_operation_is(workload: Workload) -> None:
    assert workload.operation
    assert workload.header.values["workload"]


@pytest.mark.parametrize("technique", [*(name for name in COMPARED if name != "bare"), *SYSTEM_NAMES])
@pytest.mark.parametrize("workload", SYSTEM, ids=lambda workload: workload.name)
def test_each_runs_wherever_the_system_does(workload: Workload, technique: str) -> None:
    assert few(workload, technique).instructions > 0


@pytest.mark.parametrize("technique", [name for name in FULL if name != "bare"])
@pytest.mark.parametrize("workload", SYSTEM, ids=lambda workload: workload.name)
def test_a_monitored_system_retires_what_it_does_on_bare(workload: Workload, technique: str) -> None:
    assert few(workload, technique).instructions == few(workload, "bare").instructions


# Instructions an operation that a context may cost at most.
# `forkwait` and `diskcopy` are in bench/bench_os.py.
@pytest.mark.parametrize(("name", "most"), [("syscall", 0), ("console", 0), ("compute", 0), ("switch", 12)])
def test_a_context_costs_no_more_than_its_bound(name: str, most: int) -> None:
    inside, without = (few(named(name), technique).instructions for technique in ("container", "undivided"))
    assert inside - without <= most


def test_a_context_s_boot_is_its_restart() -> None:
    task = named("boot").task("container")
    assert isinstance(task, SystemScript)
    assert task.script(3).count("ctx restart work") == 3


def test_in_a_context_the_work_is_a_script_that_the_context_pays_for() -> None:
    load = next(named("diskcopy").task("container").loads(7))
    assert load.disk is not None
    volume = Volume(load.disk)
    root, work, target = (
        volume.inode(volume.find(f"/ctx/work/root{path}")).context for path in ("", "/tmp/work", "/tmp/target")
    )
    assert root == work == target > 0


def test_what_needs_a_kernel_of_its_own_cannot_be_in_a_context_and_says_so() -> None:
    subjects = [BARE, Subject("undivided"), Subject("container")]
    done = Experiment(find_workloads(["syscall", "portio", "os/syscall"]), subjects)
    done.run(Effort(0.001, 1, 0.001, 1), lambda text: None)
    assert not done.failures
    text = "\n".join(lines(done, 200))
    assert "Not on undivided, container: syscall, portio: it needs a kernel of its own" in text
    printed = " ".join(matrix_lines(done, 80))
    assert "None of these on undivided, container: it needs a kernel of its own" in printed


@pytest.mark.parametrize("name", ["syscall", "forkwait"])
def test_counts_are_the_same_on_either_engine(name: str) -> None:
    pytest.importorskip("llvmlite")
    assert few(named(name), "trap", "recompiler").exits == few(named(name), "trap").exits


@pytest.mark.parametrize(("name", "operations"), [("pagefault", 256), ("forkwait", 50), ("shell", 10)])
def test_the_system_is_settled_when_operations_begin_to_count(name: str, operations: int) -> None:
    """Each costs then what it will cost for good, but for now and then some: a further page of a script, or so."""
    task = named(name).task("bare")
    early, late = (repeat(BARE, task, 1 + count).instructions for count in (operations, 6 * operations))
    assert late == pytest.approx(early, rel=0.005)


def test_each_switch_loads_another_space() -> None:
    task = named("switch").task("trap")
    repetition = repeat(TRAP, task, 1 + 200)
    assert repetition.exits["syscall"] == 1.0
    assert repetition.exits["crw"] * repetition.operands["crw"]["ptbr"] == 1.0


def test_a_fork_costs_a_fault_in_parent_and_child_and_three_system_calls() -> None:
    exits = repeat(TRAP, named("forkwait").task("trap"), 9).exits
    assert (exits["guest_page_fault"], exits["syscall"]) == (3.0, 3.0)


def test_each_page_on_demand_faults_once() -> None:
    assert few(named("pagefault"), "trap").exits["guest_page_fault"] == 1.0


def test_each_sector_is_read_from_the_disk() -> None:
    """Ports move eight bytes at a time; a write is logged first, and so moved twice."""
    task = named("diskcopy").task("trap")
    repetition = repeat(TRAP, task, 1 + 640)
    moved = {
        reason: repetition.exits[reason] * share["disk_data"]
        for reason, share in repetition.operands.items()
        if "disk_data" in share
    }
    assert moved["in"] >= 512 / 8
    assert moved["out"] >= 2 * 512 / 8


def test_a_boot_is_a_run_of_the_shipped_system_up_to_its_prompt_and_down_again() -> None:
    loads = list(named("boot").task("bare").loads(3))
    assert len(loads) == 3
    assert len({id(load.disk) for load in loads}) == 3
    printed = output_of(loads[0])
    assert b"Welcome" in printed or b"help" in printed
    assert printed.rstrip().endswith(b"#")


def test_boots_sum_up() -> None:
    task = named("boot").task("bare")
    assert BARE.run(task, 3).instructions == 3 * BARE.run(task, 1).instructions


def test_a_console_line_is_written_for_each_64_characters() -> None:
    printed = output_of(next(named("console").task("bare").loads(130)))
    own = printed[:64]
    assert own.endswith(b"\n")
    assert printed == own + own + own[:2]


def test_a_script_does_its_line_as_often_as_asked_for() -> None:
    task = named("shell").task("bare")
    assert isinstance(task, SystemScript)
    assert task.script(3).count("\n") == 4
    assert task.script(3).splitlines()[-1] == "shutdown $?"


@pytest.mark.parametrize("name", ["syscall", "switch", "diskcopy"])
def test_a_program_without_a_number_ends_with_1(name: str) -> None:
    task = named(name).task("bare")
    assert isinstance(task, SystemScript)
    broken = replace(task, script=lambda count: task.script(count).replace(f"{count:012}", "many"))
    with pytest.raises(WorkloadFailed, match="with 5 operations"):
        BARE.run(broken, 5)


def test_the_system_s_are_a_block_of_their_own() -> None:
    workloads = find_workloads(["syscall", "os/syscall", "os/boot"])
    done = Experiment(workloads, [BARE, TRAP])
    done.run(Effort(0.001, 1, 0.001, 1), lambda text: None)
    assert list(done.blocks.values()) == [workloads[:1], workloads[1:]]
    printed = list(matrix_lines(done, 80))
    at = printed.index("Programs of the operating system:")
    row = re.compile(r"(syscall|os/\w+) +\S+")
    rows = {number: found[1] for number, line in enumerate(printed) if (found := row.fullmatch(line))}
    assert list(rows.values()) == ["syscall", "os/syscall", "os/boot"]
    assert [name for number, name in rows.items() if number > at] == ["os/syscall", "os/boot"]
    assert max(map(len, lines(done, 80))) <= 80


def test_what_a_system_takes_beyond_its_prices_is_told() -> None:
    done = Experiment([named("forkwait")], [BARE, TRAP])
    done.run(Effort(0.005, 1, 0.001, 1), lambda text: None)
    (account,) = done.accounts(TRAP)
    assert abs(account.unexplained) <= 0.1 * account.total or account.reason


def test_a_workload_of_the_system_is_asked_for_by_its_name(capfd: Capture) -> None:
    words = ("lab", "os/syscall", "--technique", "bare", "--quick", "--repeats", "1")
    done = call(capfd, *words)
    assert (done.code, done.errors) == (0, "")
    assert "os/syscall" in done.output
    wrong = call(capfd, "lab", "os/sycall")
    assert (wrong.code, wrong.errors.count("\n")) == (2, 1)
    assert "did you mean os/syscall?" in wrong.errors
