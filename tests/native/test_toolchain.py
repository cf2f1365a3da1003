"""Building where a C compiler or Python's headers are missing: one line, with what to install."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.commands import ROOT

sys.path.insert(0, str(ROOT / "native" / "builder"))
from toolchain import what_is_missing

BUILD = "import sys; sys.path.insert(0, 'native/builder'); import backend; backend.{}(sys.argv[1])"
CC = sysconfig.get_config_var("CC").split()


def build(hook: str, folder: Path, **environment: str) -> tuple[int, str]:
    """What pip shows of it, and in the end folder nothing."""
    command = [sys.executable, "-c", BUILD.format(hook), str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("hook", ["build_wheel", "build_editable"])
def test_a_compiler_that_is_not_there_is_one_line(hook: str, tmp_path: Path) -> None:
    code, said = build(hook, tmp_path, CC="nosuch -O2")
    assert (code, said.count("\n")) == (1, 1)
    assert "there is no C compiler (nosuch: No such file or directory); install gcc" in said


def test_none_on_the_path_is_one_line(tmp_path: Path) -> None:
    code, said = build("build_wheel", tmp_path, CC="gcc", PATH=str(tmp_path))
    assert (code, said.count("\n")) == (1, 1)
    assert "there is no C compiler (gcc: No such file or directory)" in said


def test_a_compiler_that_fails_is_told_with_what_it_says() -> None:
    assert "there is no C compiler (false fails)" in str(what_is_missing(["false"], "/"))


def test_headers_that_are_not_there_are_one_line(tmp_path: Path) -> None:
    said = str(what_is_missing(CC, str(tmp_path)))
    assert f"Python's headers are not in {tmp_path}" in said
    assert "apt install python3-dev" in said
    assert "\n" not in said


def test_headers_that_are_there_are_enough(tmp_path: Path) -> None:
    (tmp_path / "Python.h").write_text("")
    assert what_is_missing(CC, str(tmp_path)) is None
