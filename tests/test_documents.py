"""README and documents: what they tell a newcomer to type works, and leads somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from support.commands import ROOT
from support.os_shell import CONTEXT_SIZES

from toyvm.cli import COMMANDS

PAGES = [ROOT / "README.md", *sorted((ROOT / "toyvm" / "docs").glob("*.md"))]
GUEST = '.include "platform.inc"\n.globl _start\n_start: platform_begin\nli a0, 0\npower_off\n'
OTHERS = ("python3 -m venv", "pip install")
# Not 0; in the town a guest faults for all to see.
OTHER_CODES = {"--max-instructions": 103, "host town": 102, "--power-cut": 103}
COMPILER = "riscv64-unknown-elf-gcc"


def blocks(page: Path, language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def lines(page: Path) -> list[str]:
    """What is to be typed at a shell, comments left away."""
    whole = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [line.split("  #")[0].strip() for line in whole if line.strip() and not line.startswith("#")]


def test_each_page_is_seen() -> None:
    assert len(PAGES) > 12
    assert sum(len(lines(page)) for page in PAGES) > 25
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_is_to_be_typed_works(page: Path, tmp_path: Path) -> None:
    """In an empty folder, with the guest that the page shows, and a C program where one is compiled."""
    for text in blocks(page, "asm"):
        (tmp_path / "count.s").write_text(text)
    (tmp_path / "program.c").write_text('#include <stdio.h>\nint main(void) { puts("hi"); }\n')
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "toyvm").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m toyvm "$@"\n')
    (tmp_path / "bin" / "toyvm").chmod(0o755)
    for line in lines(page):
        if line.startswith(OTHERS) or (COMPILER in line and which(COMPILER) is None):
            continue
        done = spawn(shorter(line), tmp_path, PATH=f"{tmp_path}/bin:/usr/bin:/bin", HOME=str(tmp_path))
        code = next((code for words, code in OTHER_CODES.items() if words in line), 0)
        assert done.returncode == code, f"{line}\n{done.stderr}"


def shorter(line: str) -> str:
    """The lab takes minutes; one workload on two techniques, without exits to price, shows as well that it works."""
    words = line.split()
    if words[:2] != ["toyvm", "lab"] or {"--list", "--sweep", "merge"} & set(words):
        return line
    if words[2:3] in (["isolation"], ["density"]):
        return f"{line} --quick --technique para"
    workload = "" if words[2:3] and words[2].isalpha() else "crwrite"
    techniques = "" if {"--technique", "--repeat"} & set(words) else "--technique bare,assist"
    return f"{line} --quick --repeats 1 {techniques} {workload}"


def spawn(command: str | list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("page", ["os", "containers"])
def test_a_session_with_the_operating_system_goes_as_it_is_shown(page: str) -> None:
    session = "".join(blocks(ROOT / "toyvm" / "docs" / f"{page}.md", "console"))
    typed = re.findall(r"^/\S* # (.*)$", session, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-m", "toyvm", "run", "os"],
        input="".join(f"{line}\n" for line in typed),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    shown = done.stdout[done.stdout.index("/ # ") :]
    found = shown.rpartition("\n")[0] + "\n"
    assert CONTEXT_SIZES.sub(r"\1", found) == CONTEXT_SIZES.sub(r"\1", session)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_each_python_snippet_runs(page: Path, tmp_path: Path) -> None:
    (tmp_path / "guest.s").write_text(GUEST)
    for text in blocks(page, "python"):
        done = spawn([sys.executable, "-W", "error", "-c", text], tmp_path)
        assert done.returncode == 0, f"{text}\n{done.stderr}"


def test_every_command_has_its_place_in_the_documents() -> None:
    running = (ROOT / "toyvm" / "docs" / "running.md").read_text(encoding="utf-8")
    assert set(COMMANDS) <= set(re.findall(r"`toyvm ([a-z]+)", running))
