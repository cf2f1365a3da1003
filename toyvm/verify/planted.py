"""Planted faults: each in a test build of its own, where layers look for it, the cheapest first, until one finds it.

They are declared beside the tests of a clone (tests/planted), and so is what builds with one of them in it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, NamedTuple

from toyvm.arguments import unknown_name
from toyvm.commit import commit
from toyvm.errors import ToyvmError, UsageError
from toyvm.parts import Part, Record
from toyvm.paths import PACKAGE
from toyvm.verify.properties import CLASSES, find_property

ROOT = PACKAGE.parent
_WORLDS = "worlds"  # the property that goes through small worlds
_FINDS = 1  # the exit code of a layer that has found something
_NOT_THERE = 2  # of one that takes what is not installed


class Plant(NamedTuple):
    """A fault as its declaration has it."""

    name: str
    area: str
    fault: str  # a sentence
    file: str


class Came(StrEnum):
    """What a layer's look for a fault came to."""

    FOUND = "found"
    NOTHING = "nothing"
    TIME_UP = "time is up"
    MISSING = "missing"  # the layer takes what is not here


@dataclass(frozen=True, slots=True)
class Look:
    layer: str
    came: Came
    seconds: float
    by: str = ""  # what found it, in a line


@dataclass(frozen=True, slots=True)
class Trial:
    """A fault, and the looks for it in their order."""

    plant: Plant
    looks: tuple[Look, ...]

    @property
    def found(self) -> Look | None:
        return self.looks[-1] if self.looks and self.looks[-1].came is Came.FOUND else None

    def record(self) -> dict[str, Any]:
        return {**self.plant._asdict(), "looks": [asdict(look) for look in self.looks]}

    @classmethod
    def of_record(cls, record: Record) -> Trial:
        """Raises LookupError, TypeError and ValueError for what is none."""
        looks = (
            Look(str(one["layer"]), Came(one["came"]), float(one["seconds"]), str(one["by"])) for one in record["looks"]
        )
        return cls(Plant(*(str(record[name]) for name in Plant._fields)), tuple(looks))


class Layer(NamedTuple):
    """A way to find faults: arguments for Python in a clone."""

    name: str
    minutes: float  # unless said
    command: tuple[str, ...]
    has_tests: bool = False  # it takes the test suite's places besides, those near the fault first


def layers() -> tuple[Layer, ...]:
    """In the order of their price."""
    drawn = [name for name in CLASSES if name != _WORLDS and find_property(name).missing() is None]
    return (
        Layer("proof", 6, ("-m", "toyvm", "prove")),
        Layer("small worlds", 6, ("-m", "toyvm", "verify", _WORLDS, "--steps", "3")),
        Layer("random", 4, ("-m", "toyvm", "verify", *drawn, "--minutes", "2")),
        Layer("unit", 30, ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"), has_tests=True),
    )


def read_plants() -> dict[str, Plant]:
    """All that the clone declares, by name. Raises UsageError where there is no clone, or nothing to build it with."""
    folder = ROOT / "tests" / "planted"
    if not folder.is_dir():
        raise UsageError("--planted takes a clone of toyvm: what is installed has neither its tests nor its C sources")
    compiler = (os.environ.get("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        raise UsageError(f"--planted builds the core with each fault in it, and there is no compiler {compiler!r}")
    tables = (
        table
        for path in sorted(folder.glob("*.toml"))
        for table in tomllib.loads(path.read_text(encoding="utf-8"))["plant"]
    )
    return {table["name"]: Plant(*(table[name] for name in Plant._fields)) for table in tables}


def chosen(plants: Mapping[str, Plant], words: Iterable[str]) -> list[Plant]:
    """Those of these names and areas; all without any. Raises UnknownNameError."""
    areas = {plant.area for plant in plants.values()}
    words = list(dict.fromkeys(words))
    for word in words:
        if word not in plants and word not in areas:
            raise unknown_name("planted fault, or area of some", word, [*plants, *sorted(areas)])
    return [plant for plant in plants.values() if not words or plant.name in words or plant.area in words]


def parts_of(plants: Sequence[Plant], minutes: float | None) -> list[Part]:
    """A part for each fault; each layer has so many minutes for it, or its own."""
    limit = "" if minutes is None else f", {minutes:g} min"
    return [
        Part(f"{commit()} planted {plant.name}{limit}", {"plant": plant._asdict(), "minutes": minutes})
        for plant in plants
    ]


def work(task: Record) -> Record:
    """Build with the fault, and look for it."""
    plant = Plant(**task["plant"])
    looks = []
    with TemporaryDirectory(prefix="toyvm-planted-") as folder:
        _build(plant, Path(folder))
        for layer in layers():
            command = (*layer.command, *(suite_for(plant) if layer.has_tests else ()))
            looks.append(_look(layer._replace(command=command), Path(folder), 60 * (task["minutes"] or layer.minutes)))
            if looks[-1].came is Came.FOUND:
                break
    return Trial(plant, tuple(looks)).record()


def suite_for(plant: Plant) -> list[str]:
    """The places of the test suite: the rooms of the file, what compares engines where that is C, then the others."""
    near = {*Path(plant.file).parts, *(("equivalence",) if plant.file.startswith("native/") else ())}
    places = [
        path.name
        for path in (ROOT / "tests").iterdir()
        if path.name != "planted" and (path.match("test_*.py") or any(path.glob("**/test_*.py")))
    ]
    return [f"tests/{name}" for name in sorted(places, key=lambda name: (name not in near, name))]


def _build(plant: Plant, folder: Path) -> None:
    command = [sys.executable, str(ROOT / "tests" / "support" / "planted.py"), str(folder)]
    environment = {**os.environ, "T64_PLANT": plant.name}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToyvmError(f"planting {plant.name}: {done.stderr.strip()}")


def _look(layer: Layer, folder: Path, seconds: float) -> Look:
    started, temporary = monotonic(), folder / "temporary"
    temporary.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, *layer.command],
        cwd=folder,  # whose toyvm comes before any that is installed
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return Look(layer.name, Came.TIME_UP, monotonic() - started)
        finally:
            with suppress(ProcessLookupError):  # and all that it has begun
                os.killpg(process.pid, signal.SIGKILL)
    came = {0: Came.NOTHING, _NOT_THERE: Came.MISSING}.get(process.returncode, Came.FOUND)
    by = _what_found(output, process.returncode) if came is Came.FOUND else ""
    return Look(layer.name, came, monotonic() - started, by)


def _what_found(output: str, code: int) -> str:
    """The line that says it; a process that was ended says nothing."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if code != _FINDS:
        return f"ends with {code}: {lines[-1] if lines else ''}"
    telling = (line for line in lines if line.startswith(("FAILED", "ERROR")) or " fails" in line or " is not " in line)
    return next(telling, lines[-1] if lines else "")
