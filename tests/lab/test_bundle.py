"""Bundles: what was measured repeats from one elsewhere, and what is no bundle is refused in a line."""

from __future__ import annotations

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from support.commands import call

from toyvm.cli import main
from toyvm.host.host_file import shipped_host_files
from toyvm.lab.experiment import Effort
from toyvm.lab.named_files import named_files
from toyvm.lab.plan import Plan

Capture = pytest.CaptureFixture[str]
SOURCE = """# It ends with what it includes.
.include "platform.inc"
.include "end.inc"

.text
.globl _start
_start:
    platform_begin
    end_it
"""
INCLUDED = """.include "code.inc"
.macro end_it
    li   a0, CODE
    power_off
.endm
"""
MONITOR = """{}
class Mine(Base):
    def handle(self, exit):
        super().handle(exit)
"""
HOST = """[[guest]]
name = "first"
program = "hello"

[[guest]]
name = "other"
program = "others/other.s"
technique = "para"
disk = "link.img"
read-only = true
input = "typed"
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a program, two monitors and a host, each of which names files."""
    files = {
        "mine.s": SOURCE,
        "inc/end.inc": INCLUDED,
        "inc/code.inc": ".equ CODE, 0\n",
        "monitors/mine.py": MONITOR.format("from beside import Base"),
        "monitors/beside.py": "from toyvm.monitor.trap_and_emulate import TrapAndEmulate as Base\n",
        "package/__init__.py": "",
        "package/core.py": MONITOR.format("from .base import Base"),
        "package/base.py": "from toyvm.monitor.trap_and_emulate import TrapAndEmulate as Base\n",
        "hosts/pair.toml": HOST,
        "hosts/others/other.s": SOURCE,
        "hosts/others/end.inc": INCLUDED,
        "hosts/others/code.inc": ".equ CODE, 0\n",
        "hosts/typed": "x",
        "disk.img": "\0" * 512,
    }
    for name, text in files.items():
        (tmp_path / "here" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "here" / name).write_text(text)
    (tmp_path / "here" / "hosts" / "link.img").symlink_to(tmp_path / "here" / "disk.img")
    return tmp_path / "here"


def test_a_bundle_repeats_elsewhere_what_it_was_made_from(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("toyvm.lab.experiment.QUICK", Effort(1e-3, 1, 1e-3, 1))
    monkeypatch.chdir(here / "hosts")
    techniques = f"bare,{here}/monitors/mine.py:Mine,../package.core:Mine"
    words = (
        "../mine.s",
        "hello",
        "-I",
        "../inc",
        "--technique",
        techniques,
        "--host",
        "pair.toml",
        "--quick",
        "--bundle",
    )
    bundle, again, once_more = (tmp_path / name for name in ("bundle.zip", "again.json", "once-more.zip"))
    done = call(capsys, "lab", *words, str(bundle))
    assert done.code == 0, done.errors
    with ZipFile(bundle) as archive:
        names = {*archive.namelist()}
    assert {"files/mine.s", "files/hosts/link.img", "results.json", "plan.json", "versions.json"} <= names
    assert not any("hello" in name for name in names)

    for name in ("beside", "package", "package.core", "package.base"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(here)
    words = ("--repeat", "bundle.zip", "--json", str(again), "--fail-on-change", "--bundle", str(once_more))
    done = call(capsys, "lab", *words)
    assert done.code == 0, done.errors
    assert "Of 8 cells that bundle.zip" in done.output
    assert "Only" not in done.output
    cells = json.loads(again.read_text())["cells"]
    assert {cell["technique"] for cell in cells} == {"bare", "mine.py:Mine", "package.core:Mine", "pair"}
    with ZipFile(once_more) as archive:
        assert {name.rpartition("/")[2] for name in archive.namelist()} == {name.rpartition("/")[2] for name in names}


def test_a_shipped_host_is_in_no_bundle_as_no_shipped_program_is(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "hosts")
    named = named_files(Plan(programs=("hello",), hosts=(*shipped_host_files(), "pair.toml")))
    assert (named.programs, [*named.hosts]) == ({}, ["pair.toml"])
    assert named == named_files(Plan(programs=("hello",), hosts=("pair.toml",)))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("inc/code.inc", '.equ CODE, 0\n.include "{root}/inc/more.inc"\n', ("../mine.s", "-I", "../inc")),
        ("hosts/pair.toml", HOST.replace("typed", "{root}/inc/more.inc"), ("callret", "--host", "pair.toml")),
    ],
)
def test_what_is_named_from_the_root_is_refused_before_anything_is_measured(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, name: str, text: str, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(here / "hosts")
    (here / "inc" / "more.inc").write_text("")
    (here / name).write_text(text.replace("{root}", str(here)))
    done = call(capsys, "lab", *words, "--technique", "bare", "--bundle", "x.zip")
    assert (done.code, done.errors.count("\n")) == (2, 1), done.errors
    assert f"--bundle: {here}/inc/more.inc is named from the root" in done.errors


def test_two_monitors_of_one_name_are_refused(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(here)
    (here / "mine.py").write_text((here / "package" / "base.py").read_text() + "class Mine(Base): pass\n")
    done = call(capsys, "lab", "callret", "--technique", "mine.py:Mine,./mine.py:Mine")
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert "--technique mine.py:Mine: mine.py:Mine is the name of another column; rename the file" in done.errors


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a bundle holds, file by file."""
    bundle = tmp_path_factory.mktemp("packed") / "bundle.zip"
    assert (
        main(["lab", "callret", "--technique", "bare,trap", "--quick", "--repeats", "1", "--bundle", str(bundle)]) == 0
    )
    with ZipFile(bundle) as archive:
        return {name: json.loads(archive.read(name)) for name in ("plan.json", "results.json")}


def forged(place: Path, **contents: Any) -> str:
    """A bundle of these files whose sums are right."""
    files = {f"{name}.json": json.dumps(content).encode() for name, content in contents.items()}
    with ZipFile(place, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("SHA256SUMS", "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in files.items()))
    return str(place)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("engines", [], "name at least one"),
        ("engines", ["x"], "no engine 'x'"),
        ("engines", "interpreter", "engines of 'interpreter'"),
        ("techniques", [], "name at least one"),
        ("techniques", [3], "techniques of 3"),
        ("techniques", ["magic"], "no technique 'magic'"),
        ("workloads", ["x"], "no workload 'x'"),
        ("workloads", 3, "workloads of 3"),
        ("hosts", [3], "hosts of 3"),
        ("hardware", "foo", "--hardware foo: there are classic, hybrid, strict, assist"),
        ("hardware", "classic", "--hardware classic: technique trap takes strict, assist"),
        ("memory", "x", "--memory of 'x'"),
        ("memory", 10**15, "--memory of 1000000000000000 bytes is out of range"),
        ("defines", {"A": "x"}, "the value of A, 'x', is not a 64-bit number"),
        ("repeats", "x", "--repeats of 'x'"),
        ("repeats", 10**9, "--repeats of 1000000000 is out of range"),
        ("nano_repeats", None, "--repeats of None"),
        ("seconds", 1e300, "a run of 1e+300 seconds"),
        ("seconds", "x", "a run of 'x'"),
        ("nano_seconds", float("nan"), "a run of nan"),
        ("precision", 5, "--precision 5: it takes a share"),
        ("precision", 0.1, "a precision takes 6 repetitions or more"),
        ("effort", [], "not a bundle"),
        ("more", 1, "not a bundle"),
    ],
)
def test_a_plan_that_the_command_line_would_not_take_is_refused(
    tmp_path: Path, capsys: Capture, packed: dict[str, Any], key: str, value: Any, said: str
) -> None:
    plan = packed["plan.json"]
    changed = {"effort": {**plan["effort"], key: value}} if key in plan["effort"] else {key: value}
    done = call(
        capsys,
        "lab",
        "--repeat",
        forged(tmp_path / "odd.zip", plan={**plan, **changed}, results=packed["results.json"]),
    )
    assert (done.code, done.errors.count("\n")) == (101, 1), done.errors
    assert said in done.errors


@pytest.mark.parametrize("spoil", [{"schema": 9}, {"cells": [3]}, {"machine": []}, {"machine": {}}, None])
def test_results_in_a_bundle_that_are_none_are_refused(
    tmp_path: Path, capsys: Capture, packed: dict[str, Any], spoil: dict[str, Any] | None
) -> None:
    results = [] if spoil is None else {**packed["results.json"], **spoil}
    done = call(capsys, "lab", "--repeat", forged(tmp_path / "odd.zip", plan=packed["plan.json"], results=results))
    assert (done.code, done.errors.count("\n")) == (101, 1), done.errors


def test_a_bundle_that_was_changed_is_refused(tmp_path: Path, capsys: Capture) -> None:
    for name, content in (("results.json", "{}"), ("files/../../out.s", "nop"), (None, None)):
        bundle = tmp_path / "odd.zip"
        if name is None:
            bundle.write_bytes(b"PK no archive")
        else:
            with ZipFile(bundle, "w") as archive:
                archive.writestr(name, content or "")
                archive.writestr("SHA256SUMS", f"{'0' * 64}  {name}\n" if name == "results.json" else "")
                archive.writestr("plan.json", "{}")
        done = call(capsys, "lab", "--repeat", str(bundle))
        assert done.code == 101, done.errors
        assert done.errors.count("\n") == 1
        assert not (tmp_path.parent / "out.s").exists()
