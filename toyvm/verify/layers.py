"""The layers that look for a planted fault, in the order of their price, each where it looks at the fault's file."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from math import log, sqrt
from pathlib import Path
from typing import NamedTuple

from toyvm.core_sources import source_paths
from toyvm.errors import ExitCode, UsageError
from toyvm.verify.properties import CLASSES, find_property
from toyvm.verify.reach import ROOT, reached_from

_WORLDS = "worlds"  # the property that goes through small worlds
_STEPS = 3  # in each of them
_SECONDS = 2  # for each of the other properties
_NEAREST_TESTS, _NEAREST = 20, 12  # tests, and files of tests, that are tried before the others are even read
_PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
# A test that comes to no end has found something.
_NO_END = ("-o", "faulthandler_timeout=600", "-o", "faulthandler_exit_on_timeout=true")
_KNOWS_NO_END = 9  # the first such version of pytest
# Tests of these very faults, of what another layer does, and of how sources are written and built.
_NOT_TRIED = (
    "planted",
    "verify/test_planted.py",
    "proof",
    "cli/test_prove.py",
    "verify/test_worlds.py",
    "architecture",
    "native/test_core_sources.py",
    "native/test_programs.py",
    "native/test_toolchain.py",
)


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
    ELSEWHERE = "does not look there"  # the fault's file is not among those that the layer reads
    TIME_UP = "time is up"
    MISSING = "missing"  # the layer takes what is not here


# What exit codes say; others, that something is found.
TOYVM_CODES: Mapping[int, Came] = {
    ExitCode.OK: Came.NOTHING,
    ExitCode.USAGE: Came.MISSING,
    ExitCode.LIMIT: Came.TIME_UP,
}
PYTEST_CODES: Mapping[int, Came] = {0: Came.NOTHING, 5: Came.NOTHING}  # no such tests in these files


class Layer(NamedTuple):
    """A way to find faults: arguments for Python in a clone, a command after another; none where it does not look."""

    name: str
    minutes: float  # unless said
    commands: tuple[tuple[str, ...], ...]
    codes: Mapping[int, Came] = TOYVM_CODES


def layers_for(plant: Plant) -> tuple[Layer, ...]:
    """All of them; those that do not read the fault's file have nothing to do."""
    areas = proof_areas(plant.file)
    worlds = [_WORLDS] if _looks_at(CLASSES[_WORLDS], plant.file) else []
    drawn = [name for name in CLASSES if name != _WORLDS and _looks_at(CLASSES[name], plant.file)]
    here = [name for name in drawn if find_property(name).missing() is None]
    minutes = f"{len(here) * _SECONDS / 60:.3f}"
    nearest, others = suite_for(plant)
    tests = [(files, which) for files in (nearest, others) for which in ("quick", "slow")]
    tests.insert(0, (nearest_tests(plant), "quick"))
    return (
        _layer("proof", 6, ("-m", "toyvm", "prove", "--first"), areas),
        _layer("small worlds", 6, ("-m", "toyvm", "verify", "--first", "--steps", str(_STEPS)), worlds),
        _layer("random", 12, ("-m", "toyvm", "verify", "--first", "--minutes", minutes), here),
        Layer("unit", 30, tuple((*_pytest(), "-m", which, *files) for files, which in tests), PYTEST_CODES),
    )


def _layer(name: str, minutes: float, command: tuple[str, ...], what: Sequence[str]) -> Layer:
    return Layer(name, minutes, ((*command, *what),) if what else ())


def _pytest() -> tuple[str, ...]:
    with suppress(PackageNotFoundError):
        if int(version("pytest").partition(".")[0]) >= _KNOWS_NO_END:
            return (*_PYTEST, *_NO_END)
    return _PYTEST


def proof_areas(file: str) -> list[str]:
    """The areas of `toyvm prove` that read it; where what proofs take is not installed any one, which says so."""
    try:
        return [area for area, files in _read_by_proofs().items() if file in files]
    except (ImportError, UsageError):
        return ["lemmas"]


@cache
def _read_by_proofs() -> dict[str, frozenset[str]]:
    from toyvm.proof.extras import check_extras

    check_extras()
    from toyvm.proof.areas import files_read

    return files_read(ROOT)


def _looks_at(class_of: str, file: str) -> bool:
    """Every property has the core, and what its module imports."""
    return file in _core() or file in reached_from(class_of.partition(":")[0])


@cache
def _core() -> frozenset[str]:
    return frozenset(str(Path(path).relative_to(ROOT)) for path in source_paths(str(ROOT)))


def suite_for(plant: Plant) -> tuple[list[str], list[str]]:
    """The test suite's files, the nearest ones first, and cut off behind some."""
    files = sorted(_files(), key=lambda file: _nearness(plant, _words(file, _files()[file])), reverse=True)
    return files[:_NEAREST], files[_NEAREST:]


def nearest_tests(plant: Plant) -> list[str]:
    """Some tests of all of it, the nearest ones first."""
    tests = _tests()
    return sorted(tests, key=lambda test: _nearness(plant, tests[test]), reverse=True)[:_NEAREST_TESTS]


def _nearness(plant: Plant, words: frozenset[str]) -> float:
    """How much of what is said of the fault is among words of tests: rare ones count more, and those of long tests
    less."""
    said = _words(*plant) & words
    return sum(log(len(_files()) / _spread()[word]) for word in said) / sqrt(len(words))


@cache
def _tests() -> dict[str, frozenset[str]]:
    """The words of each test, and of the name of its file."""
    return {
        f"{file}::{node.name}": _words(file, ast.unparse(node))
        for file, text in _files().items()
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@cache
def _files() -> dict[str, str]:
    """The text of each file of tests."""
    folder = ROOT / "tests"
    paths = {path.relative_to(folder): path for path in sorted(folder.rglob("test_*.py"))}
    return {
        f"tests/{name}": path.read_text(encoding="utf-8")
        for name, path in paths.items()
        if not {str(name), name.parts[0]} & set(_NOT_TRIED)
    }


@cache
def _spread() -> Counter[str]:
    """In how many files each word is."""
    return Counter(word for file, text in _files().items() for word in _words(file, text))


@cache
def _words(*texts: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for text in texts for word in re.findall("[a-z]{3,}", text.lower()))
