"""Planted faults: each in a test build of its own, where layers look for it, the cheapest first, until one finds it.

They are declared beside the tests of a clone (tests/planted), and so is what builds with one of them in it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import get_ident
from time import monotonic
from typing import Any

from toyvm.arguments import unknown_name
from toyvm.commit import commit
from toyvm.errors import ExitCode, ToyvmError, UsageError
from toyvm.parts import Part, Record
from toyvm.verify.layers import Came, Layer, Plant, layers_for
from toyvm.verify.reach import ROOT

_BUILD_WORLDS = "from toyvm.verify.worlds.core import build; build()"
_NOT_READY = 3  # of tests/support/planted.py: the shipped guests cannot be assembled any more
_FINDS = ExitCode.CLAIM_FAILED  # of a layer that has found something


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


def parts_of(plants: Sequence[Plant], minutes: float | None, clones: Path) -> list[Part]:
    """A part for each fault; each layer has so many minutes for it, or its own. `clones` is a folder for workers'."""
    limit = "" if minutes is None else f", {minutes:g} min"
    return [
        Part(
            f"{commit()} planted {plant.name}{limit}",
            {"plant": plant._asdict(), "minutes": minutes, "clones": str(clones)},
        )
        for plant in plants
    ]


def work(task: Record) -> Record:
    """Build with the fault, in the clone that this worker has had for the last one, and look for it."""
    plant = Plant(**task["plant"])
    clone = Path(task["clones"]) / f"{os.getpid()}-{get_ident()}"
    looks = _build(plant, clone)
    for layer in () if looks else layers_for(plant):
        looks.append(_look(layer, clone, 60 * (task["minutes"] or layer.minutes)))
        if looks[-1].came is Came.FOUND:
            break
    return Trial(plant, tuple(looks)).record()


def _build(plant: Plant, folder: Path) -> list[Look]:
    """The clone with the fault in it; what is found by that alone, as the guests are assembled there, is a look."""
    started = monotonic()
    command = [sys.executable, str(ROOT / "tests" / "support" / "planted.py"), str(folder)]
    environment = {**os.environ, "T64_PLANT": plant.name}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == _NOT_READY:
        errors = (line.strip() for line in done.stderr.splitlines() if "error: " in line.lower())
        return [
            Look("build", Came.FOUND, round(monotonic() - started, 3), next(errors, "its guests are not assembled"))
        ]
    if done.returncode:
        raise ToyvmError(f"planting {plant.name}: {done.stderr.strip()}")
    # Ahead, as that is not what a layer takes; one that cannot do without it says why there is none.
    with _begun(("-c", _BUILD_WORLDS), folder, tempfile.gettempdir()) as process:
        process.communicate()
    return []


def _look(layer: Layer, folder: Path, seconds: float) -> Look:
    """One command after another, until one comes to something or there are so many seconds gone."""
    started = monotonic()
    came, by = (Came.NOTHING if layer.commands else Came.ELSEWHERE), ""
    for command in layer.commands:
        came, by = _run(command, layer.codes, folder, started + seconds)
        if came is not Came.NOTHING:
            break
    return Look(layer.name, came, round(monotonic() - started, 3), by)


def _run(command: Sequence[str], codes: Mapping[int, Came], folder: Path, deadline: float) -> tuple[Came, str]:
    # Not within the clone, which some tests copy.
    with (
        tempfile.TemporaryDirectory(prefix="toyvm-planted-", ignore_cleanup_errors=True) as temporary,
        _begun(command, folder, temporary) as process,
    ):
        try:
            output, _ = process.communicate(timeout=max(0.0, deadline - monotonic()))
        except subprocess.TimeoutExpired:
            return Came.TIME_UP, ""
        finally:
            with suppress(ProcessLookupError):  # and all that it has begun
                os.killpg(process.pid, signal.SIGKILL)
    came = codes.get(process.returncode, Came.FOUND)
    return came, _what_found(output, process.returncode) if came is Came.FOUND else ""


def _begun(command: Sequence[str], folder: Path, temporary: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        # Its toyvm comes before any that is installed, in what tests begin elsewhere, too.
        env={**os.environ, "TMPDIR": temporary, "PYTHONPATH": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _what_found(output: str, code: int) -> str:
    """The line that says it; a process that was ended says nothing."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if code != _FINDS:
        return f"ends with {code}: {lines[-1] if lines else ''}"
    failed = (line for line in lines if line.startswith(("FAILED", "ERROR", "Timeout", "refuted:")))
    telling = (line for line in lines if " fails" in line or " is not " in line)
    return next(failed, next(telling, lines[-1] if lines else ""))
