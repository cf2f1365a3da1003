"""C programs on the operating system: it gives them what Linux does. Skipped without the compiler."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from support.compiling import build, needs_compiler
from support.guest_runs import GUESTS
from support.os_runs import PROGRAMS, assembled, boot

from toyvm.importer import import_bare_program

SOURCE = PROGRAMS / "c" / "posix.c"
ECHO = GUESTS / "os" / "user" / "echo.s"
ORACLE = "qemu-riscv64"

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(shutil.which(ORACLE) is None, reason=f"{ORACLE} is not installed"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@cache
def _compiled(folder: Path) -> Path:
    return build(folder / "posix.elf", SOURCE, ["-O1"])


@cache
def _on_linux(folder: Path) -> bytes:
    place = folder / "files"
    place.mkdir()
    return subprocess.run([ORACLE, _compiled(folder)], cwd=place, capture_output=True, check=True).stdout


@pytest.mark.parametrize("technique", ["bare", "trap", "para"])
def test_posix_gives_a_program_what_linux_does(folder: Path, technique: str) -> None:
    image = import_bare_program(_compiled(folder).read_bytes(), "posix").image
    run = boot({"init": image.to_bytes(), "echo": assembled(ECHO)}, technique)
    assert (run.output, run.stop, run.exit_code) == (_on_linux(folder), "exit", 0), run
