"""The sources that proofs are about: a checkout, its C preprocessed and parsed, its Python loaded apart from what runs.

What is loaded here is a copy of its own: `int` takes symbolic claims there, and another checkout may be read than the
one that this very code is from.
"""

from __future__ import annotations

import builtins
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any

import z3

from toyvm.core_sources import source_paths
from toyvm.errors import BadFileError, ToyvmError, UsageError
from toyvm.files.boundary import shown
from toyvm.printable import printable
from toyvm.proof.c_text import CFile
from toyvm.proof.symbols import Claim, Number

INTERPRETER = "native/src/engine/interpreter/interpreter.c"
ACCESS = "native/src/engine/access.c"
DECODER = "native/src/isa/decode.c"
WALK = "native/src/isa/walk.c"

ROOMS = ("isa", "reference", "recompiler")  # of toyvm: what their modules say is read, and proofs are about it
_READ = tuple(f"toyvm.{room}" for room in ROOMS)

# What the core takes from the C library, as far as meaning goes.
_LIBRARY = {
    "stdint.h": (
        "typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t;\n"
        "typedef unsigned long uint64_t; typedef signed char int8_t; typedef short int16_t; typedef int int32_t;\n"
        "typedef long int64_t; typedef unsigned long uintptr_t; typedef long intptr_t;\n"
        "#define UINT64_C(number) number##ul\n"
    ),
    "stdbool.h": "#define bool _Bool\n#define true 1\n#define false 0\n",
    "stddef.h": "typedef unsigned long size_t;\n#define NULL ((void *)0)\n",
    "string.h": "#include <stddef.h>\nvoid *memcpy(void *to, const void *from, size_t size);\n",
    "stdlib.h": "#include <stddef.h>\n",
}


def sign_extended(value: Any, width: int) -> Number:
    """What reference/words.py is proven to mean by sign_extend."""
    return Number.signed(z3.simplify(Number.of(value).at(width)))


# By module: functions that decide where a term need not, and what they are proven to mean (instructions.py: lemmas).
SUMMARIES: Mapping[str, Mapping[str, Any]] = {"toyvm.reference.words": {"sign_extend": sign_extended}}


class Sources:
    """A checkout. C is preprocessed with headers generated from its declarations as they are now."""

    def __init__(self, root: Path) -> None:
        """Raises UsageError where there are no sources to prove anything of."""
        self.root = root
        if not (root / INTERPRETER).is_file():
            raise UsageError(
                f"{root} has no {INTERPRETER}: proofs are about the sources of a checkout, which --sources names"
            )
        self._python = _PythonTree(root, SUMMARIES)
        self._as_written = _PythonTree(root, {})
        self._c: dict[str, CFile] = {}

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Inside, what proofs cannot read in these sources becomes BadFileError, with the place where that is known."""
        try:
            yield
        except (ToyvmError, MemoryError, z3.Z3Exception):
            raise
        except SyntaxError as error:
            raise BadFileError(f"{shown(error.filename or what)}:{error.lineno}: {error.msg}") from None
        except Exception as error:
            rooms = tuple(str(self.root / "toyvm" / room) + os.sep for room in ROOMS)
            frames = [one for one in extract_tb(error.__traceback__) if one.filename.startswith(rooms)]
            place = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
            said = f"{place}{what}: not what proofs can read: {type(error).__name__}: {error}"
            raise BadFileError(printable(said)) from error

    def python(self, name: str) -> ModuleType:
        """A module of the checkout's toyvm by its dotted name, with the summaries in place of what they say."""
        return self._python.load(name)

    def python_as_written(self, name: str) -> ModuleType:
        """The same with nothing replaced, for proving that the summaries are right."""
        return self._as_written.load(name)

    def c(self, path: str) -> CFile:
        """A C file of it."""
        if path not in self._c:
            self._c[path] = CFile(self._preprocessed(path), path)
        return self._c[path]

    def generated(self, name: str) -> str:
        """A header that a build makes of the declarations."""
        return self._generated[name]

    def read(self) -> frozenset[str]:
        """The files that were asked for until now, with all that they include or are generated from."""
        python = {path for tree in (self._python, self._as_written) for path in tree.paths()}
        included = {path for name in self._c for path in self._included(name)}
        if included:
            included |= {path for path in map(Path, source_paths(str(self.root))) if path.suffix not in (".c", ".h")}
        return frozenset(str(path.relative_to(self.root)) for path in python | included)

    def digest(self) -> str:
        """SHA-256 of names and contents of all that proofs may read: the core's sources and toyvm's Python."""
        digest = hashlib.sha256()
        for path in sorted(self._paths()):
            digest.update(str(path.relative_to(self.root)).encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()

    def _paths(self) -> Iterable[Path]:
        for folder, suffixes in (
            ("native/src", (".c", ".h")),
            ("native/include", (".h",)),
            ("native/builder", (".py",)),
        ):
            yield from (path for path in (self.root / folder).rglob("*") if path.suffix in suffixes)
        for room in ROOMS:
            yield from (self.root / "toyvm" / room).rglob("*.py")
        yield self.root / "native/fusions.txt"

    @cached_property
    def _generated(self) -> Mapping[str, str]:
        """The headers that a build would make, by name."""
        with tempfile.TemporaryDirectory() as folder:
            script = (
                "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import generate; "
                "generate.GENERATED = pathlib.Path(sys.argv[2]); generate.generate()"
            )
            _run([sys.executable, "-P", "-c", script, str(self.root / "native/builder"), folder], "the headers")
            return {path.name: path.read_text() for path in Path(folder).iterdir()}

    def _preprocessed(self, path: str, option: str = "-P") -> str:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**self._generated, **_LIBRARY}.items():
                (Path(folder) / name).write_text(text)
            native = self.root / "native"
            words = os.environ.get("CC", "")
            try:
                compiler = shlex.split(words) or ["cc"]
            except ValueError as error:
                raise UsageError(f"CC of {words!r} is no command: {error}") from None
            options = ["-E", option, "-nostdinc", "-undef", "-D__GNUC__=12", f"-I{folder}", f"-I{native / 'src'}"]
            return _run([*compiler, *options, f"-I{native / 'include'}", str(self.root / path)], path)

    def _included(self, path: str) -> Iterable[Path]:
        """Those of the checkout; what is generated is not."""
        paths = map(Path, self._preprocessed(path, "-M").replace("\\\n", " ").split()[1:])
        return (found for found in paths if found.is_relative_to(self.root))


def _run(command: list[str], what: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise UsageError(f"{command[0]}: {error.strerror}; proofs have {what} preprocessed by a C compiler") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"{command[0]} ends with {done.returncode}, and says nothing"]
        raise UsageError(f"{what}: {said[-1]}")
    return done.stdout


class _WholeNumbers(type):
    """`int` as code knows it: asked whether something is one, it says the same."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, int)


class _Int(int, metaclass=_WholeNumbers):
    """`int` in the code that is loaded: of a claim or a symbolic number it makes a symbolic number."""

    def __new__(cls, *arguments: Any) -> Any:
        if arguments and isinstance(arguments[0], (Claim, Number)):
            return Number.of(arguments[0])
        return int(*arguments)


class _PythonTree:
    """Modules of one checkout, each loaded once, none of them known to the rest of this process."""

    def __init__(self, root: Path, summaries: Mapping[str, Mapping[str, Any]]) -> None:
        self._root, self._summaries = root, summaries
        self._modules: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "int": _Int, "__import__": self._import}

    def load(self, name: str) -> ModuleType:
        parent, _, last = name.rpartition(".")
        if parent:
            self.load(parent)
        if name in self._modules:
            return self._modules[name]
        path = self._path(name)
        if path is None:
            raise UsageError(f"{self._root} has no module {name}")
        module = ModuleType(f"{name} of {self._root}")
        module.__file__ = str(path)
        module.__dict__["__builtins__"] = self._builtins
        self._modules[name] = module
        if parent:
            setattr(self._modules[parent], last, module)
        if name == "toyvm":  # of which only some rooms are read here
            return module
        sys.modules[module.__name__] = module  # where dataclasses look for what their annotations mean
        try:
            exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
        finally:
            del sys.modules[module.__name__]
        vars(module).update(self._summaries.get(name, {}))
        return module

    def paths(self) -> Iterable[Path]:
        """Of the modules that are loaded."""
        return (path for path in map(self._path, self._modules) if path is not None)

    def _path(self, name: str) -> Path | None:
        place = self._root.joinpath(*name.split("."))
        return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)

    def _import(
        self, name: str, names: Any = None, local: Any = None, wanted: tuple[str, ...] | None = (), level: int = 0
    ) -> ModuleType:
        if not name.startswith(_READ):
            return __import__(name, names, local, wanted or (), level)
        module = self.load(name)
        for one in wanted or ():
            if not hasattr(module, one) and self._path(f"{name}.{one}"):
                self.load(f"{name}.{one}")
        return module if wanted else self.load("toyvm")
