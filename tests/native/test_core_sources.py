"""The native core and what it is built from: a stale one is noticed, and nothing of where it was built is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from support.commands import ROOT

from toyvm import core_sources
from toyvm.core_sources import StaleCoreError, check_core, fingerprint, source_paths
from toyvm.native import _core, lib

LATER = 1000  # seconds


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a core that was built from it long after it was written."""
    for path in source_paths(str(ROOT)):
        copy = tmp_path / Path(path).relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(Path(path).read_bytes())
        os.utime(copy, (0, 0))
    core = tmp_path / "core"
    core.write_bytes(b"")
    now = core.stat().st_mtime
    os.utime(core, (now + LATER, now + LATER))
    return tmp_path


def check(checkout: Path, built_from: int | None) -> None:
    check_core(str(checkout), str(checkout / "core"), built_from)


def built_before_the_last_change(checkout: Path) -> None:
    """As soon before as a build may take."""
    os.utime(checkout / "core")


def test_the_core_that_the_tests_run_on_is_built_from_these_sources() -> None:
    assert fingerprint(str(ROOT)) == lib.T64_SOURCES


def test_no_source_is_read_while_none_is_newer(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_sources, "fingerprint", None)
    check(checkout, 1)


@pytest.mark.parametrize("name", ["native/src/machine/vm.c", "native/src/monitor/rings/rings.c", "toyvm/hypercalls.py"])
def test_an_edit_is_noticed_even_with_an_old_time(checkout: Path, name: str) -> None:
    built_from = fingerprint(str(checkout))
    with (checkout / name).open("a") as source:
        source.write("\n")
    os.utime(checkout / name, (0, 0))
    built_before_the_last_change(checkout)
    with pytest.raises(StaleCoreError, match=f"built from other sources .* `pip install -e {checkout}`"):
        check(checkout, built_from)


def test_a_source_that_is_new_or_gone_is_noticed(checkout: Path) -> None:
    built_from = fingerprint(str(checkout))
    built_before_the_last_change(checkout)
    (checkout / "native/src/more.c").write_text("")
    with pytest.raises(StaleCoreError):
        check(checkout, built_from)
    (checkout / "native/src/more.c").rename(checkout / "native/src/more.o")
    check(checkout, built_from)
    built_before_the_last_change(checkout)
    (checkout / "native/include/toyvm.h").rename(checkout / "native/include/toyvm2.h")
    with pytest.raises(StaleCoreError):
        check(checkout, built_from)


def test_equal_contents_are_read_once_whatever_the_times_say(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built_from = fingerprint(str(checkout))
    os.utime(checkout / "core", (0, 0))
    monkeypatch.setattr(core_sources, "_BUILD_SECONDS", -1)
    check(checkout, built_from)
    monkeypatch.setattr(core_sources, "fingerprint", None)
    check(checkout, built_from)


def test_a_core_that_does_not_know_its_sources_is_stale(checkout: Path) -> None:
    with pytest.raises(StaleCoreError):
        check(checkout, None)


def test_a_stale_core_is_one_line_at_the_command_line() -> None:
    text = "import toyvm.core_sources as c; c.fingerprint = lambda _: 0; c._BUILD_SECONDS = 1e12\n"
    text += "from toyvm.cli import entry_point; import sys; sys.argv = ['toyvm', 'run', 'hello']; entry_point()"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (120, "", 1), done.stderr
    assert "build it again: `pip install -e " in done.stderr


def test_the_core_has_no_debug_information_and_no_path_of_its_build() -> None:
    data = Path(_core.__file__).read_bytes()
    assert b".debug_info" not in data
    assert str(ROOT).encode() not in data


# What building and testing leave behind in a checkout.
LEFT_BEHIND = shutil.ignore_patterns(
    *("*.so", "*.o", "*.pyc", "*.egg-info", "__pycache__", "build", "dist", "generated", "ready"),
    *(".git*", ".venv", ".*_cache", ".hypothesis", ".benchmarks"),
)


@pytest.mark.slow
def test_the_source_distribution_has_every_file_of_the_checkout(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=LEFT_BEHIND)
    expected = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    text = "import sys; sys.path.insert(0, 'native/builder'); import backend; backend.build_sdist(sys.argv[1])"
    command = [sys.executable, "-c", text, str(tmp_path)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as distribution:
        found = {name.partition("/")[2] for name in distribution.getnames()}
    assert expected - found == set()
    assert {".ci/run", "native/include/toyvm.h", "guests/hello.s", "LICENSE"} <= expected
