"""Classes that a user brings, named MODULE:CLASS or FILE.py:CLASS: monitors and engines in Python.

A module is found from here, or as FOLDER/MODULE:CLASS from a folder; what it imports, too, as from a script's folder.
"""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from toyvm.errors import BadFileError, ToyvmError, UsageError
from toyvm.files.boundary import check_regular, shown
from toyvm.paths import PACKAGE, modules_from
from toyvm.printable import printable

_MARK, _FOLDER = ":", "/"
_IMPORTING = (importlib.__file__, "<frozen importlib")  # through which a module comes, of Python itself


def is_own(name: str) -> bool:
    """Does this name a class of the user's?"""
    return _MARK in name


def find_class(name: str, what: str, bases: tuple[type, ...]) -> type:
    """The class, which is derived from one of the bases; `what` it is to be is said where it is not.

    Raises UsageError for one that is not there, BadFileError for a module that cannot be imported.
    """
    place, _, wanted = name.rpartition(_MARK)
    if not place or not wanted.isidentifier():
        raise UsageError(f"{name}: a {what} is named MODULE:CLASS or FILE.py:CLASS")
    module = _of_file(Path(place)) if place.endswith(".py") else _of_name(place)
    found = getattr(module, wanted, None)
    if found is None:
        known = [key for key, it in vars(module).items() if isinstance(it, type) and issubclass(it, bases)]
        there = ", ".join(known) or "none"
        raise UsageError(f"{name}: {place} has no {wanted}; of {what}s it has {there}")
    if not (isinstance(found, type) and issubclass(found, bases)):
        several = " or ".join(f"{base.__module__}.{base.__name__}" for base in bases)
        raise UsageError(f"{name}: {wanted} is no class derived from {several}")
    return found


def _of_file(path: Path) -> ModuleType:
    check_regular(path)
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None, "the name ends in .py"
    assert spec.loader is not None, "it is a file's"
    module = module_from_spec(spec)
    with _looking_in(str(path.parent)), telling_the_line(shown(path)):
        spec.loader.exec_module(module)
    return module


def _of_name(place: str) -> ModuleType:
    """A module that Python finds, in the folder or the current directory too."""
    folder, _, name = place.rpartition(_FOLDER)
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"{place!r} is no module's name; a file's ends in .py")
    with _looking_in(folder), telling_the_line(place):
        return import_module(name)


@contextmanager
def _looking_in(folder: str) -> Iterator[None]:
    """Inside modules are looked for in that folder first. Raises UsageError for one that is not there."""
    try:
        with modules_from(folder):
            yield
    except ModuleNotFoundError as error:
        raise UsageError(_not_found(error)) from None


def _not_found(error: ModuleNotFoundError) -> str:
    return f"no module {error.name}, neither here nor among those installed"


def column_of(name: str) -> str:
    """What a table calls such a class: by its name without the folder."""
    return name.rpartition(_FOLDER)[2]


def folder_of(name: str) -> Path | None:
    """Where a class's module lies, once it is found, and what it imports; None: Python has it installed."""
    place = name.rpartition(_MARK)[0]
    if place.endswith(".py"):
        return Path(place).parent
    top = sys.modules.get(column_of(place).partition(".")[0])
    lies = getattr(top, "__path__", None) or [getattr(top, "__file__", None)]
    return None if lies[0] is None or is_installed(Path(lies[0])) else Path(lies[0]).parent


def loaded_from(folder: Path) -> list[Path]:
    """The files of all modules that were found in that folder, those that are installed aside."""
    files = [getattr(module, "__file__", None) for name, module in sys.modules.items() if name != "__main__"]
    found = {Path(file) for file in files if file is not None}
    root = os.path.abspath(folder)
    return sorted(path for path in found if path.is_relative_to(root) and not is_installed(path))


def is_installed(path: Path) -> bool:
    """Is this file of toyvm, of Python, or of a package that was installed?"""
    known = (PACKAGE, *map(Path, (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))))
    return bool({"site-packages", "dist-packages"} & {*path.parts}) or any(path.is_relative_to(each) for each in known)


@contextmanager
def telling_the_line(what: str) -> Iterator[None]:
    """Inside, what somebody else's code raises becomes BadFileError, in one line with its place."""
    try:
        yield
    except (ToyvmError, KeyboardInterrupt):
        raise
    except ModuleNotFoundError as error:
        where = where_raised(error)
        if where is None:  # it is the one that is looked for
            raise
        raise BadFileError(f"{where}: {_not_found(error)}") from None
    except SyntaxError as error:
        raise BadFileError(f"{shown(error.filename or what)}:{error.lineno}: {error.msg}") from None
    except BaseException as error:
        where = where_raised(error)
        if where is None and isinstance(error, TypeError) and str(error).startswith(f"{what}."):
            where = what  # it cannot be called as toyvm calls it
        if where is None:
            raise
        raise BadFileError(f"{where}: {printable(f'{type(error).__name__}: {error}')}") from None


def where_raised(error: BaseException) -> str | None:
    """The last line of somebody else's code on the way to an exception, as FILE:LINE; None: all of it is toyvm's.

    Of code that is not installed, if there is any: what that calls is seldom what is wrong.
    """
    frames = extract_tb(error.__traceback__)
    others = [frame for frame in frames if not frame.filename.startswith(_IMPORTING)]
    theirs = [frame for frame in others if not Path(frame.filename).is_relative_to(PACKAGE)]
    found = [frame for frame in theirs if not is_installed(Path(frame.filename))] or theirs
    return f"{shown(found[-1].filename)}:{found[-1].lineno}" if found else None
