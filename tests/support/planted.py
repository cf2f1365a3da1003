"""A test build: a copy of this checkout, built in place, with the fault in it that T64_PLANT names.

    T64_PLANT=marks-copied python tests/support/planted.py DIRECTORY

Faults are declared in tests/planted, each a change of one source file that is made in the copy alone: what is shipped
has no trace of them. Without T64_PLANT the copy is as the checkout is, whose core has to be built. A directory that was
used before is brought up to date. The exit code is 3 where it is built, but its guests cannot be assembled with it.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from toyvm.core_sources import source_paths  # noqa: E402 (run from a checkout, so the path comes before)

LEFT_OUT = {".git", ".venv", "__pycache__", "build", "dist"}
MARK = "build/test-build"  # what says of a directory that this made it
# As an editable install builds: the core, and the guests that the package assembles.
_BUILD_CORE = """
import sys
sys.argv[1:] = ["-q", "build_ext", "--inplace"]
sys.path.insert(0, "native/builder")
import backend
backend._backend.run_setup()
"""
_MAKE_READY = """
from toyvm.programs import make_ready
make_ready()
"""
NOT_READY = 3


@dataclass(frozen=True)
class Plant:
    """A fault: in a file, relative to the checkout, `new` takes the place of `old`, which is there once."""

    name: str
    area: str
    fault: str  # a sentence
    file: str
    old: str
    new: str

    def planted(self, text: str) -> str:
        """The file's text with the fault in it."""
        count = text.count(self.old)
        assert count == 1, f"{self.name}: {self.file} has its old text {count} times"
        return text.replace(self.old, self.new)


def read_plants(root: Path = ROOT) -> dict[str, Plant]:
    """All that are declared, by name."""
    tables = [
        table
        for path in sorted((root / "tests" / "planted").glob("*.toml"))
        for table in tomllib.loads(path.read_text(encoding="utf-8"))["plant"]
    ]
    plants = {table["name"]: Plant(**table) for table in tables}
    assert len(plants) == len(tables), "two faults have one name"
    return plants


def make(directory: Path, plant: Plant | None) -> None:
    """Copy what differs, plant, and build what that concerns."""
    if directory.exists() and any(directory.iterdir()) and not (directory / MARK).exists():
        raise SystemExit(f"{directory} is no test build, and not empty; name another")
    (directory / MARK).parent.mkdir(parents=True, exist_ok=True)
    (directory / MARK).touch()
    for path in set(_files(directory)) - set(_files(ROOT)):
        (directory / path).unlink()
    for path in _files(ROOT):
        copy = directory / path
        if not copy.exists() or not filecmp.cmp(ROOT / path, copy, shallow=False):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, copy)
    if plant is not None:  # the last file to be written: builders go by times
        (directory / plant.file).write_text(plant.planted((ROOT / plant.file).read_text(encoding="utf-8")))
    environment = dict(os.environ)
    if "CC" not in environment and shutil.which("ccache"):  # all files but one are as they were
        environment |= {"CC": "ccache cc", "CCACHE_NOHASHDIR": "1"}
    # What has to be built anew: the rest is as the checkout has it.
    if plant is not None and str(ROOT / plant.file) in source_paths(str(ROOT)):
        _run(_BUILD_CORE, directory, environment, 1)
    if plant is not None and plant.file.startswith("toyvm/"):
        _run(_MAKE_READY, directory, environment, NOT_READY)


def _run(script: str, directory: Path, environment: dict[str, str], code: int) -> None:
    """Python in the directory; what fails there ends this, with that exit code."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{directory} could not be built:\n{done.stdout}{done.stderr}", file=sys.stderr)
        raise SystemExit(code)


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        yield from (Path(folder, name).relative_to(root) for name in sorted(names))


def main() -> None:
    name, plants = os.environ.get("T64_PLANT"), read_plants()
    if len(sys.argv) != 2 or (name is not None and name not in plants):
        what = f"there is no fault {name!r}" if len(sys.argv) == 2 else "it takes the directory of the test build"
        raise SystemExit(f"T64_PLANT=NAME {sys.argv[0]} DIRECTORY: {what}; the names are: {' '.join(plants)}")
    make(Path(sys.argv[1]).resolve(), None if name is None else plants[name])


if __name__ == "__main__":
    main()
