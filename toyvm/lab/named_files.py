"""Named files: what a plan's words name, and what those files name in turn."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.errors import UsageError
from toyvm.files.boundary import shown
from toyvm.host.host_file import find_host_file, read_host_file
from toyvm.host.host_keys import CONSOLE
from toyvm.own_classes import folder_of, is_own, loaded_from
from toyvm.programs import defines_for, find_program, is_source
from toyvm.shipped.headers import read_header
from toyvm.shipped.prebuilt import is_shipped
from toyvm.techniques import LIKE_OWN, SYSTEM_NAMES, facts_of

if TYPE_CHECKING:
    from toyvm.lab.plan import Plan


@dataclass(frozen=True)
class NamedFiles:
    """The user's own by the words for them, and those with all that they name; from the working directory.

    What toyvm ships is not among them, nor what is installed.
    """

    programs: Mapping[str, Path]
    monitors: Mapping[str, Path]  # the folders of their modules
    hosts: Mapping[str, Path]
    files: tuple[Path, ...]

    def check_relative(self) -> None:
        """Raises UsageError for what would be looked for at the same place on another machine."""
        for path in self.files:
            if path.is_absolute():
                raise UsageError(
                    f"--bundle: {shown(path)} is named from the root, where it would be looked for elsewhere, too; "
                    "name it from where the file lies that names it"
                )


def named_files(plan: Plan) -> NamedFiles:
    """Those of a plan, of whose monitors the modules are loaded. Raises AssemblyError, BadFileError, UsageError."""
    programs = {word: path for word in plan.programs if not is_shipped(path := find_program(word))}
    folders = {word: folder_of(word) for word in plan.techniques if is_own(word)}
    hosts = {word: find_host_file(word) for word in plan.hosts}
    named = NamedFiles(
        {word: _from_here(path) for word, path in programs.items()},
        {word: _from_here(folder) for word, folder in folders.items() if folder is not None},
        {word: _from_here(path) for word, path in hosts.items() if not is_shipped(path)},
        (),
    )
    files = {
        *(file for path in named.programs.values() for file in _of_program(path, plan)),
        *(file for word, folder in named.monitors.items() for file in _of_monitor(word, folder)),
        *(file for path in named.hosts.values() for file in _of_host(path)),
    }
    return NamedFiles(named.programs, named.monitors, named.hosts, tuple(sorted(files)))


def _from_here(path: Path) -> Path:
    """A file that the user named: so what it names is absolute only where it is so in the file."""
    return Path(os.path.relpath(path))


def _of_program(path: Path, plan: Plan) -> Iterator[Path]:
    """One, with what it includes in each build that is measured."""
    kinds = [LIKE_OWN if is_own(name) else name for name in plan.techniques if name not in SYSTEM_NAMES]
    kinds += [read_host_file(find_host_file(name)).guests[0].technique for name in plan.hosts]
    there = read_header(path).techniques if is_source(path) else ()
    builds = {facts_of(kind).build: kind for kind in kinds if facts_of(kind).name in there}
    yield path
    for technique in builds.values():
        yield from _inputs(
            path, {**defines_for(technique), **plan.defines}, [*map(_from_here, map(Path, plan.include))]
        )


def _inputs(source: Path, defines: Mapping[str, int], include: list[Path]) -> Iterator[Path]:
    from toyvm.asm.api import assemble

    for path in assemble([source], defines=defines, include=include).inputs:
        if not is_shipped(path):
            yield Path(os.path.normpath(path))


def _of_monitor(word: str, folder: Path) -> Iterator[Path]:
    place = word.rpartition(":")[0]
    if place.endswith(".py"):
        yield _from_here(Path(place))
    yield from map(_from_here, loaded_from(folder))


def _of_host(path: Path) -> Iterator[Path]:
    """One, with its guests' programs, and what they read."""
    yield path
    for guest in read_host_file(path).guests:
        program = find_program(guest.program)
        if not is_shipped(program):
            yield program
            if is_source(program):
                yield from _inputs(program, {**defines_for(guest.technique), **guest.defines}, [])
        for file in (guest.input, guest.disk):
            if file is not None and file != CONSOLE:
                yield Path(os.path.normpath(file))
