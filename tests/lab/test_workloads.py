"""The workloads with devices and processes: what they do beside finding their own result right."""

from __future__ import annotations

import pytest
from support.guest_runs import WORKLOADS, Patch, header_of, run_guest

from toyvm import Machine, load_program
from toyvm.lab.handler_length import handler_length
from toyvm.lab.measure import repeat
from toyvm.lab.subjects import Subject
from toyvm.lab.tasks import OwnKernel, with_dword
from toyvm.lab.workloads import find_workloads

CONSOLE, DISKCOPY, FORKWAIT, PTUPDATE = (
    next(path for path in WORKLOADS if path.stem == name) for name in ("console", "diskcopy", "forkwait", "ptupdate")
)


@pytest.mark.parametrize("technique", header_of(CONSOLE).techniques)
def test_the_console_workload_takes_its_input_first_and_then_makes_lines_of_64(technique: str) -> None:
    run = run_guest(CONSOLE, technique, operations=200, input=b"given")
    own = run.output[64:128]
    assert run.output == b"given" + own[5:] + own + own + own[:8]
    assert own.index(b"\n") == 63


def test_the_disk_workload_copies_as_many_sectors_as_asked_for_and_no_more() -> None:
    disk = bytearray(64 * 512)
    with Machine("8M", disk=disk) as machine:
        machine.load(load_program(DISKCOPY))
        machine.memory.set_dword("operations", 13)
        assert machine.run().ok
    sectors = [disk[start : start + 512] for start in range(0, len(disk), 512)]
    assert sectors[:32] == [(number + 1).to_bytes(8, "little") * 64 for number in range(32)]
    assert sectors[32:] == [*sectors[:13], *[bytes(512)] * 19]


def test_a_disk_of_the_wrong_size_ends_the_workload_with_its_own_complaint() -> None:
    with Machine("8M", disk=bytearray(40 * 512)) as machine:
        machine.load(load_program(DISKCOPY))
        assert machine.run().exit_code == 1


def test_a_fork_costs_a_fault_in_parent_and_child_and_three_system_calls() -> None:
    workload, trap = find_workloads(["forkwait"])[0], Subject("trap")
    exits = repeat(trap, workload.task("trap"), 9).exits
    assert (exits["guest_page_fault"], exits["syscall"]) == (2.0, 3.0)


def test_forks_are_as_many_as_in_the_literature_unless_told_otherwise() -> None:
    with Machine("8M") as machine:
        machine.load(load_program(FORKWAIT))
        assert machine.memory.dword("operations") == 40_000


@pytest.mark.parametrize("batch", [1, 2, 63, 64])
@pytest.mark.parametrize("operations", [0, 1, 63, 64, 65, 129])
def test_entries_are_changed_in_batches_of_any_size(batch: int, operations: int) -> None:
    run = run_guest(PTUPDATE, "para", operations=operations, patch=Patch("batch", batch.to_bytes(8, "little")))
    assert (run.stop, run.exit_code) == ("exit", 0), run


def test_a_batch_takes_one_hypercall() -> None:
    image, para = load_program("workloads/ptupdate", "para"), Subject("para")
    for batch in (1, 64):
        exits = repeat(para, OwnKernel(with_dword(image, "batch", batch)), 1 + 640).exits
        assert exits["hypercall"] == 1 / batch


def test_a_changed_entry_is_in_use_so_that_cached_shadows_notice_the_store() -> None:
    trap, task = Subject("trap"), find_workloads(["ptupdate"])[0].task("trap")
    assert repeat(trap, task, 100).exits == {"trace": 1.0}


def test_the_handler_of_a_system_call_is_as_long_as_what_an_operation_retires_beside_the_program() -> None:
    program = 2  # instructions of user mode that retire for each call
    repetition = repeat(Subject("bare"), find_workloads(["syscall"])[0].task("bare"), 1000)
    assert handler_length() == repetition.instructions - program
