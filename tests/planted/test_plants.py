"""The planted faults: each is a change of one place that there is, and a build with one in it has it and no other."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.commands import ROOT
from support.planted import read_plants

PLANTS = read_plants()
# Where few faults would say little.
FIVE_AT_LEAST = (
    "A and D bits",
    "flushes",
    "exact counts",
    "interrupts",
    "rewritten code",
    "compiled code",
    "frame counts",
)


@pytest.mark.parametrize("name", PLANTS)
def test_the_old_text_is_there_once(name: str) -> None:
    plant = PLANTS[name]
    text = (ROOT / plant.file).read_text(encoding="utf-8")
    assert text.count(plant.old) == 1
    assert plant.new != plant.old
    assert plant.planted(text) != text


def test_there_are_enough_of_each_kind() -> None:
    areas = Counter(plant.area for plant in PLANTS.values())
    assert sum(areas.values()) >= 60
    assert all(areas[area] >= 5 for area in FIVE_AT_LEAST)


def make(directory: Path, plant: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "T64_PLANT"}
    command = [sys.executable, "tests/support/planted.py", str(directory)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment if plant is None else environment | {"T64_PLANT": plant},
        capture_output=True,
        text=True,
        check=False,
    )


def differing(directory: Path) -> list[str]:
    """The files of the checkout of which the copy holds something else."""
    files = (path for folder in ("native/src", "toyvm", "tests/planted") for path in (ROOT / folder).rglob("*"))
    sources = (str(path.relative_to(ROOT)) for path in files if path.suffix in (".c", ".h", ".py", ".toml"))
    return [name for name in sources if not filecmp.cmp(ROOT / name, directory / name, shallow=False)]


def run(directory: Path, code: str) -> str:
    """What a program prints in the test build."""
    done = subprocess.run([sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout


# A pointer to a table, at 0x1000 in the root at 0x2000, that has D: a sound walk ends there.
WALK = """
from toyvm import Machine
with Machine(memory="64K") as machine:
    machine.write(0x2000, (0x3000 | 1 | POINTER).to_bytes(8, "little"))
    machine.write(0x3000, (0x4000 | 1).to_bytes(8, "little"))
    machine.write(0x4000, (0x5000 | 0xF).to_bytes(8, "little"))
    machine.set_cr("ptbr", 0x2000 | 1)
    print(machine.translate(0))
"""


@pytest.mark.slow
def test_a_test_build_has_its_fault_and_no_other(tmp_path: Path) -> None:
    from toyvm.isa.paging import PTE_D

    walk = WALK.replace("POINTER", str(PTE_D))
    assert make(tmp_path, "share-idle-ticks").returncode == 0
    assert differing(tmp_path) == ["toyvm/host/stride.py"]
    assert run(tmp_path, walk) == "None\n"
    assert make(tmp_path, "walk-marked-pointer").returncode == 0
    assert differing(tmp_path) == ["native/src/isa/walk_tables.h"]
    assert run(tmp_path, walk) == f"{0x5000}\n"
    assert make(tmp_path, None).returncode == 0
    assert differing(tmp_path) == []
    assert run(tmp_path, walk) == "None\n"


def test_a_name_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = make(tmp_path, "no-such-fault")
    assert done.returncode == 1
    assert "there is no fault 'no-such-fault'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("mine", encoding="ascii")
    done = make(tmp_path, "share-idle-ticks")
    assert done.returncode == 1
    assert "is no test build" in done.stderr
    assert list(tmp_path.iterdir()) == [own]
