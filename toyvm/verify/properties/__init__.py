"""The properties that there are, in the order of the scoreboard: each a module, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from toyvm.arguments import unknown_name
from toyvm.errors import BadFileError, UnknownNameError
from toyvm.files.boundary import shown
from toyvm.verify.claim import Property

_HERE = "toyvm.verify.properties"
# Name, and the class: MODULE:CLASS.
CLASSES: dict[str, str] = {
    "engines": f"{_HERE}.engines:Engines",
    "monitors": f"{_HERE}.monitors:Monitors",
    "recompiled": f"{_HERE}.recompiled:Recompiled",
    "coders": f"{_HERE}.coders:Coders",
    "cut": f"{_HERE}.cut:Cut",
    "neighbours": f"{_HERE}.neighbours:Neighbours",
    "runaways": f"{_HERE}.runaways:Runaways",
    "exits": f"{_HERE}.exits:Exits",
    "callers": f"{_HERE}.callers:Callers",
    "escapes": f"{_HERE}.escapes:Escapes",
    "malformed": f"{_HERE}.malformed:Malformed",
    "failures": f"{_HERE}.failures:Failures",
    "worlds": f"{_HERE}.worlds:Worlds",
}


def find_property(name: str) -> Property:
    """The property of that name. Raises UnknownNameError."""
    if name not in CLASSES:
        raise unknown_name("property", name, CLASSES, are_listed=True)
    module, _, found = CLASSES[name].partition(":")
    claimed: Property = getattr(import_module(module), found)()
    return claimed


def property_in(path: Path, name: str) -> Property:
    """The property that a file names. Raises BadFileError."""
    try:
        return find_property(name)
    except UnknownNameError as error:
        raise BadFileError(f"{shown(path)}: {error}") from None
