"""What a person reads of a guest that stopped: what it began with, where, why nothing could be done, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import Done, call

from toyvm.techniques import ENGINES
from toyvm.testing.techniques import FULL, OFFERING

Capture = pytest.CaptureFixture[str]

WAYS = [
    *(("--engine", engine) for engine in ENGINES),
    *(("--technique", technique) for technique in FULL),
]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way[1])
FAULT = "    li a0, 5\n    nop\n    ld a1, -8(x0)\n"
NO_HANDLER = "toyvm: the guest cannot go on: no handler (tvec is 0): "


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "guest.s"


def run(capfd: Capture, source: Path, text: str, *words: str) -> Done:
    source.write_text(text)
    return call(capfd, "run", str(source), "--input", "/dev/null", *words)


def headline(done: Done) -> str:
    """The report's first line; the assembler may have warned before it."""
    return next(line for line in done.errors.splitlines() if line.startswith("toyvm: "))


def pointed_at(done: Done) -> list[str]:
    """The instructions that the report points at, one in each window of code."""
    return [line.split(maxsplit=3)[3] for line in done.errors.splitlines() if line.startswith("  -> ")]


@every_way
def test_a_fault_without_a_handler_begins_with_its_first_cause(
    capfd: Capture, source: Path, way: tuple[str, ...]
) -> None:
    done = run(capfd, source, FAULT, *way)
    assert done.code == 102
    place = f"load access fault at {source}:3, pc 0x1008, address 0xfffffffffffffff8"
    assert headline(done) == NO_HANDLER + place
    assert pointed_at(done) == ["ld a1, -8(zero)"]


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        ("syscall", "syscall at {place}"),
        ("break", "break at {place}"),
        (".word 0", "illegal instruction (.word 0x00000000) at {place}"),
        ("crw time, a0", "illegal instruction (crw time, a0) at {place}"),
        ("hcall 5", "illegal instruction (hcall 5) at {place}"),
        ("ld a0, 1(x0)", "load misaligned at {place}, address 0x1"),
        ("sb a0, -1(x0)", "store access fault at {place}, address 0xffffffffffffffff"),
        ("jalr ra, 2(x0)", "fetch misaligned at {place}, address 0x2"),
    ],
)
def test_each_cause_is_named_in_words_with_what_it_was_about(
    capfd: Capture, source: Path, instruction: str, words: str
) -> None:
    done = run(capfd, source, f"    nop\n    {instruction}\n")
    assert headline(done) == NO_HANDLER + words.format(place=f"{source}:2, pc 0x1004")


def test_a_jump_into_nothing_is_told_by_where_it_led(capfd: Capture, source: Path) -> None:
    done = run(capfd, source, "    li a0, 0x7ffffff0\n    jr a0\n")
    assert headline(done) == f"{NO_HANDLER}fetch access fault at pc 0x7ffffff0"
    assert "-> 0x7ffffff0  nothing can be fetched here" in done.errors


def ran_past(done: Done, end: str, last: str) -> bool:
    return f"  execution ran past the end of {end}, after {last}: a jump or the power-off is missing\n" in done.errors


@every_way
def test_code_that_runs_off_its_end_is_told_by_its_last_line(
    capfd: Capture, source: Path, way: tuple[str, ...]
) -> None:
    done = run(capfd, source, "_start:\n    li a0, 5\n    nop\n    .data\n    .dword 1\n", *way)
    assert headline(done) == f"{NO_HANDLER}illegal instruction (.word 0x00000000) at pc 0x1008"
    assert ran_past(done, ".text", f"{source}:3 (_start+0x4)")


@pytest.mark.parametrize("way", [("--engine", "reference"), ("--technique", "trap")], ids=lambda way: way[1])
def test_code_that_runs_off_the_end_of_memory_or_after_a_call_is_told_so(
    capfd: Capture, source: Path, way: tuple[str, ...]
) -> None:
    done = run(
        capfd,
        source,
        '    j end\n    .section .end, "ax"\n    .address 0xfff8\nend: nop\n    nop\n',
        "--memory",
        "64K",
        *way,
    )
    assert ran_past(done, ".end", f"{source}:5 (end+0x4)")
    done = run(capfd, source, "    j 1f\nf:  ret\n1:  call f\n", *way)
    assert ran_past(done, ".text", f"{source}:3 (f+0x4)")


@pytest.mark.parametrize("end", ["unimp", "    j end\nend:", "    jr a0", "    ld a0, -8(x0)"])
def test_code_that_does_not_run_off_its_end_is_not_said_to(capfd: Capture, source: Path, end: str) -> None:
    done = run(capfd, source, f"    li a0, 0x100c\n    nop\n{end}\n")
    assert done.code == 102
    assert "ran past" not in done.errors


@every_way
def test_a_handler_that_gets_nowhere_is_shown_beside_what_it_was_for(
    capfd: Capture, source: Path, way: tuple[str, ...]
) -> None:
    text = "    la t0, handler\n    crw tvec, t0\n    syscall\nhandler:\n    sd a0, -8(sp)\n"
    done = run(capfd, source, text, *way)
    failed = f"its handler at {source}:5 (handler), pc 0x1010, begins with a fault"
    why = f"double fault: {failed} (store access fault, address 0xfffffffffffffff8)"
    assert headline(done) == f"toyvm: the guest cannot go on: {why}: syscall at {source}:3, pc 0x100c"
    assert pointed_at(done) == ["syscall", "sd a0, -8(sp)"]


@every_way
def test_an_interrupt_without_a_handler_is_a_first_cause_too(
    capfd: Capture, source: Path, way: tuple[str, ...]
) -> None:
    enable = "    li a0, 4\n    crw timecmp, a0\n    li a0, 1\n    crw imask, a0\n    setst a0\n    nop\n"
    done = run(capfd, source, enable, *way)
    assert headline(done) == f"{NO_HANDLER}the timer's interrupt at {source}:6, pc 0x1014"
    assert pointed_at(done) == ["li zero, 0"]


def waiting(imask: int, timecmp: int = -1) -> str:
    return f"    li a0, {timecmp}\n    crw timecmp, a0\n    li a0, {imask}\n    crw imask, a0\n    wfi\n    nop\n"


@every_way
def test_a_wait_for_ever_points_at_the_wfi(capfd: Capture, source: Path, way: tuple[str, ...]) -> None:
    done = run(capfd, source, waiting(0, 1000), *way)
    assert done.code == 104
    why = "timecmp is 1000, but imask is 0"
    assert headline(done) == f"toyvm: the guest waits at {source}:5, pc 0x1010, for what can never come: {why}"
    assert pointed_at(done) == ["wfi"]


TAKE_END = "    in a1, 1\n"


@pytest.mark.parametrize("way", [("--engine", "reference"), ("--technique", "trap")], ids=lambda way: way[1])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (waiting(1), "timecmp is all ones"),
        (TAKE_END + waiting(2), "input is at its end"),
        (waiting(4), "no disk command is under way"),
        (TAKE_END + waiting(7), "timecmp is all ones, input is at its end, no disk command is under way"),
        (TAKE_END + waiting(6, 9), "input is at its end, no disk command is under way; timecmp is 9, but imask is 0x6"),
        (waiting(0), "input or its end waits, but imask is 0"),
        (TAKE_END + waiting(0), "imask is 0"),
        (TAKE_END + waiting(0x20), "imask 0x20 lets in nothing that there is"),
    ],
)
def test_a_wait_for_ever_says_why_nothing_can_end_it(
    capfd: Capture, source: Path, text: str, why: str, way: tuple[str, ...]
) -> None:
    assert headline(run(capfd, source, text, *way)).endswith(f"for what can never come: {why}")


def test_a_disk_that_is_done_but_masked_is_named(capfd: Capture, source: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(512))
    text = "    li a0, 1\n    out 0x1A, a0\n" + "    nop\n" * 8 + "    wfi\n"
    done = run(capfd, source, text, "--disk", str(tmp_path / "disk"), "--disk-latency", "2")
    assert headline(done).endswith("for what can never come: a disk command is done, but imask is 0")


def test_a_paravirtual_guest_that_blocks_for_ever_is_pointed_at_its_hypercall(capfd: Capture, source: Path) -> None:
    done = run(capfd, source, "    nop\n    hcall 11\n    nop\n", "--technique", "para")
    assert headline(done).startswith(f"toyvm: the guest waits at {source}:2, pc 0x1004, for what can never come: ")
    assert pointed_at(done) == ["hcall 11"]


# Guests that were built for another technique.


def image_of(capfd: Capture, tmp_path: Path, *words: str) -> str:
    path = str(tmp_path / "guest.elf")
    assert call(capfd, "asm", *words, "-o", path).code == 0
    return path


HELLO = str(Path(__file__).parent.parent.parent / "guests" / "hello.s")


@pytest.mark.parametrize("program", ["source", "image", "shipped"])
def test_a_plain_guest_under_para_is_told_where_it_runs(
    capfd: Capture, source: Path, tmp_path: Path, program: str
) -> None:
    source.write_text("    li a0, 0x2000\n    crw tvec, a0\n")
    named = {
        "source": lambda: str(source),
        "image": lambda: image_of(capfd, tmp_path, HELLO),
        "shipped": lambda: "workloads/portio",
    }
    done = call(capfd, "run", named[program](), "--technique", "para")
    assert done.code == 102
    assert "privileged instruction (" in headline(done)
    assert "a plain one runs with --technique bare, trap, rewrite, hybrid or assist" in done.errors
    assert "-D PARAVIRT" in done.errors


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way[1])
@pytest.mark.parametrize("program", ["source", "image", "shipped"])
def test_a_paravirtual_guest_elsewhere_is_told_where_it_runs(
    capfd: Capture, tmp_path: Path, way: tuple[str, ...], program: str
) -> None:
    named = {
        "source": lambda: (HELLO, "-D", "PARAVIRT"),
        "image": lambda: (image_of(capfd, tmp_path, HELLO, "-D", "PARAVIRT"),),
        "shipped": lambda: ("hello", "-D", "PARAVIRT"),
    }
    done = call(capfd, "run", *named[program](), *way)
    assert done.code == 102
    assert "illegal instruction (hcall" in headline(done)
    assert "has no hypercalls: a paravirtual guest runs with --technique para" in done.errors
    assert ("--hypercalls offers a few" in done.errors) == (f"{way[1]}+hypercalls" in OFFERING)


@pytest.mark.parametrize("technique", ["trap", "rewrite", "assist"])
def test_a_guest_that_tried_a_number_without_a_hypercall_is_told_nothing_of_it(
    capfd: Capture, source: Path, technique: str
) -> None:
    done = run(capfd, source, f"    hcall 200\n{FAULT}", "--technique", technique, "--hypercalls")
    assert headline(done) == NO_HANDLER + f"load access fault at {source}:4, pc 0x100c, address 0xfffffffffffffff8"
    assert "has no hypercall" not in done.errors


def test_a_paravirtual_guest_with_a_few_hypercalls_is_told_which_one_it_lacks(capfd: Capture) -> None:
    done = call(capfd, "run", "kernel", "-D", "PARAVIRT", "--technique", "trap", "--hypercalls")
    assert "trap+hypercalls has no hypercall set_trap_table: a paravirtual guest runs with" in done.errors


def test_a_shipped_guest_without_a_build_for_the_technique_says_why(capfd: Capture) -> None:
    done = call(capfd, "run", "domains", "--technique", "trap")
    why = "an unmodified guest knows of no other domains; it has one for para"
    assert (done.code, done.errors) == (2, f"toyvm: domains has no build for technique trap: {why}\n")


def test_a_host_says_the_same_in_one_line(capfd: Capture, source: Path, tmp_path: Path) -> None:
    source.write_text("    hcall 5\n")
    (tmp_path / "host.toml").write_text(f"[[guest]]\nname = 'one'\nprogram = '{source}'\ntechnique = 'trap'\n")
    done = call(capfd, "host", str(tmp_path / "host.toml"))
    assert f"toyvm: guest one: {NO_HANDLER[7:]}illegal instruction (hcall 5) at {source}:1" in done.errors
    assert "trap has no hypercalls: a paravirtual guest runs with --technique para" in done.errors
