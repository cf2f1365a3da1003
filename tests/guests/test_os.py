"""The operating system's kernel: programs that check what it does for them, each as its init, on each technique."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from support.guest_runs import header_of
from support.os_runs import KERNEL, PROGRAMS, assembled, boot, run_as_init

from toyvm.errors import ToyvmError
from toyvm.programs import load_program
from toyvm.testing.techniques import EVERY, FULL

CASES = sorted(PROGRAMS.glob("*.s"))


def _name(program: Path) -> str:
    return program.stem


@pytest.mark.parametrize("program", CASES, ids=_name)
@pytest.mark.parametrize("technique", EVERY)
def test_a_program_finds_all_as_it_expects(program: Path, technique: str) -> None:
    run = run_as_init(program, technique)
    output = header_of(program).text("output") or b"ok\n"
    assert (run.output, run.stop, run.exit_code) == (output, "exit", 0), run


@pytest.mark.parametrize("program", CASES, ids=_name)
@pytest.mark.parametrize("technique", FULL)
def test_a_monitor_leaves_state_and_count_of_bare(program: Path, technique: str) -> None:
    bare, guest = run_as_init(program), run_as_init(program, technique)
    assert (guest.instructions, guest.state) == (bare.instructions, bare.state)


@pytest.mark.parametrize("program", CASES, ids=_name)
@pytest.mark.parametrize("technique", ["bare", "trap", "para"])
def test_the_recompiler_leaves_state_and_count_of_the_interpreter(program: Path, technique: str) -> None:
    assert run_as_init(program, technique, engine="recompiler") == run_as_init(program, technique)


@pytest.mark.parametrize(("technique", "fork"), [("bare", 10_000), ("para", 16_000)])
def test_the_kernels_paths_are_short(technique: str, fork: int) -> None:
    lines = run_as_init(PROGRAMS / "measured" / "costs.s", technique).output.decode().splitlines()
    costs = {name: int(number) for name, number in map(str.split, lines)}
    assert costs["call"] < 80
    assert costs["demand"] < 400
    assert costs["fork"] < fork


@pytest.mark.parametrize("inside", [0, 1])
def test_ids_come_round_without_two_of_one(inside: int) -> None:
    kernel = load_program(KERNEL, "bare", defines={"LAST_ID": 12})
    run = boot({"init": assembled(PROGRAMS / "rounds" / "ids.s", INSIDE=inside)}, kernel=kernel)
    assert (run.output, run.exit_code) == (b"ok\n", 0), run


@pytest.mark.parametrize("technique", ["bare", "para"])
def test_a_context_that_takes_all_leaves_the_host_what_stops_it(technique: str) -> None:
    run = run_as_init(PROGRAMS / "rounds" / "reserve.s", technique)
    assert (run.output, run.exit_code) == (b"ok\n", 0), run


@pytest.mark.parametrize("technique", ["bare", "para"])
def test_a_system_with_any_memory_ends_with_a_word(technique: str) -> None:
    codes = set()
    for kib in range(1300, 1700, 4):
        with suppress(ToyvmError):  # not even the image finds room
            run = run_as_init(PROGRAMS / "forks.s", technique, memory=kib << 10)
            assert run.stop == "exit", run
            assert b"panic" not in run.output, run
            codes.add(run.exit_code)
    assert codes >= {98, 97}


@pytest.mark.parametrize("inside", [0, 1])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("technique", "memory"), [("bare", 16 << 20), ("bare", 7 << 18), ("para", 16 << 20)])
def test_calls_drawn_at_random_do_the_kernel_no_harm(technique: str, memory: int, seed: int, inside: int) -> None:
    program = assembled(PROGRAMS / "fuzz" / "fuzz.s", SEED=1000 * seed, CHILDREN=40, INSIDE=inside)
    run = boot({"init": program}, technique, memory=memory, input=b"some input\n")
    assert (run.stop, run.exit_code) == ("exit", 0), run
    assert run.output.endswith(b"ok\n"), run
