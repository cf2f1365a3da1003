"""A C program that has files: it runs on the operating system, with a directory's, and its changes may come home."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.cli.container import CONTEXT, divided
from toyvm.cli.options import Options, parse_defines
from toyvm.cli.saying import say
from toyvm.errors import UsageError
from toyvm.files.boundary import boundary, shown

if TYPE_CHECKING:
    from toyvm.filesystem.homecoming import Entries, Facts
    from toyvm.image import Image


def add_files_options(parser: Options) -> None:
    parser.add_argument(
        "--files",
        metavar="DIR",
        help="run a RISC-V program on the operating system, in a copy of this directory",
    )
    parser.add_argument("--write-back", action="store_true", help="bring home what it changed in --files")


def check_files_options(arguments: argparse.Namespace) -> None:
    """Raise UsageError for what makes no sense."""
    from toyvm.programs import find_program, is_riscv_program

    if arguments.files is None:
        if arguments.write_back:
            raise UsageError("--write-back says where files come back to, and there are none; add --files DIR")
        return
    program = find_program(arguments.program)
    if not is_riscv_program(program) or parse_defines(arguments.defines):
        raise UsageError(f"{shown(program)}: --files goes with a RISC-V program; this is none")
    for option, why in (
        ("disk", "the files are on a disk of their own"),
        ("power_cut", "the disk is gone with the run"),
        ("stack", "there the stack grows by itself, up to 8 MiB"),
    ):
        if getattr(arguments, option) is not None:
            raise UsageError(f"--{option.replace('_', '-')} does not go with --files: {why}")
    if arguments.read_only and arguments.write_back:
        raise UsageError("--read-only and --write-back: nothing can have changed; give one of them")


def system_for(arguments: argparse.Namespace) -> Image:
    """The operating system, for the technique."""
    from toyvm.programs import load_program

    return load_program("os", arguments.technique)


class ProgramFiles:
    """The disk with a program and its files, and what is to be known of these when it has run. Raises BadFileError."""

    def __init__(self, arguments: argparse.Namespace, *, is_at_terminal: bool, is_inside: bool) -> None:
        from toyvm.cli.import_riscv import alone_with_notes, start_options
        from toyvm.filesystem.homecoming import entries_below, facts_below
        from toyvm.filesystem.volume import Volume
        from toyvm.shipped.program_disk import FILES, FiledProgram, root_of
        from toyvm.shipped.system_disk import executable

        path = Path(arguments.program)
        image = executable(alone_with_notes(path).image)
        start = start_options(arguments)
        self._directory = Path(arguments.files)
        facts: Facts = facts_below(self._directory)
        context = CONTEXT if is_inside else ""
        program = FiledProgram(
            image, path.name, self._directory, start.arguments, start.environment, is_at_terminal=is_at_terminal
        )
        with boundary(self._directory):
            empty = program.empty_disk()
            self.disk = divided(empty) if is_inside else empty
            program.put(self.disk, context)
        self._facts = facts
        self._place = root_of(context) + FILES
        volume = Volume(self.disk)
        self._before: Entries = entries_below(volume, volume.find(self._place))

    def bring_home(self) -> None:
        """Make the changes of the directory's, and say what is left out. Raises BadFileError."""
        from toyvm.filesystem.homecoming import bring_home
        from toyvm.filesystem.volume import Volume

        with boundary(self._directory):
            volume = Volume(self.disk)
            number = volume.find(self._place)
            for note in bring_home(volume, number, self._before, self._directory, self._facts):
                say(note)
