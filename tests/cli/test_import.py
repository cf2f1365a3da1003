"""RISC-V programs on the command line: `toyvm import`, and `toyvm run` of such a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import call
from support.compiling import needs_compiler
from support.riscv_elf import DATA, EXIT, WRITE, Operation, greeting, program
from support.riscv_elf import call as system_call

from toyvm.techniques import NAMES

Capture = pytest.CaptureFixture[str]
TEXT = b"hello from RISC-V\n"


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    path = tmp_path / "prog.elf"
    path.write_bytes(program(*greeting(TEXT, 7), data=TEXT))
    return path


@pytest.mark.parametrize("technique", NAMES)
def test_a_program_runs_as_it_is(capfd: Capture, elf: Path, technique: str) -> None:
    done = call(capfd, "run", str(elf), "--technique", technique)
    assert (done.code, done.output.encode(), done.errors) == (7, TEXT, "")


@pytest.mark.parametrize("technique", NAMES)
def test_an_imported_image_runs_on_every_technique(capfd: Capture, elf: Path, technique: str) -> None:
    image = str(elf.with_suffix(".image"))
    assert call(capfd, "import", str(elf), "-o", image).code == 0
    assert call(capfd, "run", image, "--technique", technique).output.encode() == TEXT


def test_words_after_the_program_are_its_arguments(capfd: Capture, tmp_path: Path) -> None:
    path = tmp_path / "count.elf"
    path.write_bytes(program(Operation("ld", 10, 2), *system_call(EXIT)))
    assert call(capfd, "run", str(path)).code == 1
    assert call(capfd, "run", str(path), "a", "b", "--memory", "8M").code == 3
    assert call(capfd, "run", "--memory", "8M", str(path), "--", "-a", "--technique").code == 3
    assert call(capfd, "import", str(path), "-o", str(tmp_path / "image"), "--", "-a").code == 0
    assert call(capfd, "run", str(tmp_path / "image")).code == 2


def test_a_fault_is_told_with_its_symbol(capfd: Capture, tmp_path: Path) -> None:
    path = tmp_path / "fault.elf"
    path.write_bytes(program(*system_call(WRITE, 1, DATA, 3), Operation("ld", 10, 0, 0, 16), data=b"ok\n"))
    done = call(capfd, "run", str(path))
    assert done.code == 102
    assert done.output == "ok\nprogram ended: load page fault at 0x10024 about 0x10\n"
    assert "load page fault at _start+0x24, pc 0x10024, address 0x10" in done.errors
    pointed = [line.split()[3:] for line in done.errors.splitlines() if "-> 0x00010024" in line]
    assert pointed == [["ld", "a0,", "16(zero)"]]


@pytest.mark.parametrize(("code", "ends"), [(99, 99), (100, 99), (134, 99), (255, 99)])
def test_an_exit_code_that_is_ours_becomes_99_and_the_report_has_it(
    capfd: Capture, tmp_path: Path, code: int, ends: int
) -> None:
    path, report = tmp_path / "exit.elf", tmp_path / "report.json"
    path.write_bytes(program(*system_call(EXIT, code)))
    done = call(capfd, "run", str(path), "--report", str(report))
    assert done.code == ends
    said = f"toyvm: the guest's exit code is {code}; the command ends with 99, as "
    assert done.errors[: len(said)] == ("" if code == 99 else said)
    assert json.loads(report.read_text())["exit_code"] == code


def test_disassembly_of_an_imported_image_assembles_back(capfd: Capture, elf: Path, tmp_path: Path) -> None:
    image, source, again = (str(tmp_path / name) for name in ("image", "image.s", "again"))
    assert call(capfd, "import", str(elf), "-o", image).code == 0
    Path(source).write_text(call(capfd, "dis", image).output)
    assert call(capfd, "asm", source, "-o", again).code == 0
    assert call(capfd, "run", again, "--technique", "para").output.encode() == TEXT


@needs_compiler
def test_the_compilers_flags_are_printed(capfd: Capture) -> None:
    done = call(capfd, "import", "--flags")
    assert done.code == 0
    assert "-march=rv64im -mabi=lp64 -static --specs=picolibc.specs" in done.output
    assert call(capfd, "import", "--flags=riscv64-unknown-elf-gcc").output == done.output


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("import", "/nowhere", "-o", "{image}"), 101, "/nowhere: No such file"),
        (("import", "/", "-o", "{image}"), 101, "/: is a directory"),
        (("import", "/dev/null", "-o", "{image}"), 101, "the file has 0 bytes"),
        (("import", "{elf}"), 2, "-o"),
        (("import", "--flags=no-gcc"), 2, "no-gcc is not installed"),
        (("import", "{elf}", "-o", "/nowhere/image"), 101, "/nowhere"),
        (("import", "{elf}", "-o", "{elf}"), 2, "prog.elf"),
        (("import", "{elf}", "-o", "{image}", "--stack", "1"), 2, "a stack of 1 bytes"),
        (("import", "{elf}", "-o", "{image}", "--stack", "much"), 2, "--stack"),
        (("import", "{elf}", "-o", "{image}", "--env", "NAME"), 2, "--env NAME: it takes NAME=VALUE"),
        (("run", "{elf}", "--memory", "1M"), 2, "M or more"),
        (("run", "{elf}", "-D", "X"), 2, "-D goes with a source"),
        (("run", "hello", "argument"), 2, "go with a RISC-V program"),
        (("run", "hello", "--stack", "1M"), 2, "go with a RISC-V program"),
        (("run", "{foreign}"), 101, "floating-point instruction"),
    ],
)
def test_a_mistake_is_told_with_its_code(
    capfd: Capture, elf: Path, tmp_path: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    foreign = tmp_path / "foreign.elf"
    foreign.write_bytes(program(0x02A5F553))
    places = {"elf": elf, "image": tmp_path / "image", "foreign": foreign}
    done = call(capfd, *(word.format(**places) for word in words))
    assert done.code == code, done
    assert message in done.errors
    assert done.errors.count("\n") == (1 if "{foreign}" not in words else 3)
