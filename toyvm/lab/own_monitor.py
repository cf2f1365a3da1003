"""Monitors that a user brings: a class of toyvm.monitor's kind, named MODULE:CLASS or FILE.py:CLASS, as a technique."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import TYPE_CHECKING, cast

from toyvm.errors import BadFileError, ToyvmError, UsageError
from toyvm.files.boundary import check_regular, shown
from toyvm.paths import PACKAGE
from toyvm.printable import printable

if TYPE_CHECKING:
    from toyvm.host.monitored_guest import MonitorMaker

LIKE = "trap"  # the technique whose builds, hardware levels and prices a monitor in Python has
_MARK = ":"


def is_monitor(technique: str) -> bool:
    """Does this name a monitor of the user's?"""
    return _MARK in technique


def find_monitor(name: str) -> MonitorMaker:
    """The class. Raises UsageError for one that is not there, BadFileError for a module that cannot be imported."""
    from toyvm.monitor import Monitor

    place, _, wanted = name.rpartition(_MARK)
    if not place or not wanted.isidentifier():
        raise UsageError(f"--technique {name}: a monitor is named MODULE:CLASS or FILE.py:CLASS")
    module = _of_file(Path(place)) if place.endswith(".py") else _of_name(place)
    found = getattr(module, wanted, None)
    if found is None:
        known = [key for key, it in vars(module).items() if isinstance(it, type) and issubclass(it, Monitor)]
        there = ", ".join(known) or "none"
        raise UsageError(f"--technique {name}: {place} has no {wanted}; of monitors it has {there}")
    if not (isinstance(found, type) and issubclass(found, Monitor)):
        raise UsageError(f"--technique {name}: {wanted} is no class derived from toyvm.monitor.Monitor")
    return cast("MonitorMaker", found)


def _of_file(path: Path) -> ModuleType:
    check_regular(path)
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None, "the name ends in .py"
    assert spec.loader is not None, "it is a file's"
    module = module_from_spec(spec)
    with telling_the_line(shown(path)):
        spec.loader.exec_module(module)
    return module


def _of_name(name: str) -> ModuleType:
    """A module that Python finds, in the current directory too."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"--technique: {name!r} is no module's name; a file's ends in .py")
    sys.path.insert(0, "")
    try:
        with telling_the_line(name):
            return import_module(name)
    except ModuleNotFoundError as error:
        raise UsageError(f"--technique: no module {error.name}, neither here nor among those installed") from None
    finally:
        sys.path.remove("")


@contextmanager
def telling_the_line(what: str) -> Iterator[None]:
    """Inside, what somebody else's code raises becomes BadFileError, in one line with its place."""
    try:
        yield
    except (ToyvmError, ModuleNotFoundError):
        raise
    except SyntaxError as error:
        raise BadFileError(f"{shown(error.filename or what)}:{error.lineno}: {error.msg}") from None
    except Exception as error:
        frames = extract_tb(error.__traceback__)
        theirs = [frame for frame in frames if not Path(frame.filename).is_relative_to(PACKAGE)]
        if not theirs:
            raise
        last = theirs[-1]
        text = printable(f"{type(error).__name__}: {error}")
        raise BadFileError(f"{shown(last.filename)}:{last.lineno}: {text}") from None
