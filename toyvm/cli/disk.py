"""Disks of the operating system (`toyvm run os`), from outside: made, looked into, filled, checked and mended.

FILE is a disk's file; PATH is absolute, and leads to something on that disk. A guest that has the disk at the same time
keeps it to itself. `create` puts the programs in C on it, too, where riscv64-unknown-elf-gcc is there to compile them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.cli.saying import say
from toyvm.errors import BadFileError, ExitCode, UsageError

if TYPE_CHECKING:
    from toyvm.filesystem.layout import Inode
    from toyvm.filesystem.volume import Volume

_USUAL_SIZE = "16M"
_SHARE_OF_C = 3  # the programs in C take no more of a disk than one part of so many
VERBS = {
    "create": "make a disk with the shipped programs on it",
    "list": "list a directory, or all beneath it",
    "get": "copy from the disk",
    "put": "copy onto the disk",
    "remove": "remove from the disk",
    "check": "verify every structure; exit code 101 for a fault",
    "repair": "mend what check finds",
}


def add_arguments(parser: argparse.ArgumentParser, verb: str) -> None:
    parser.add_argument("file", metavar="FILE", help="the disk's file")
    if verb == "create":
        parser.add_argument("--size", default=_USUAL_SIZE, metavar="SIZE", help=f"{_USUAL_SIZE} unless said")
        parser.add_argument(
            "--from", dest="source", metavar="DIR", help="copy what is in it; RISC-V programs are imported"
        )
        parser.add_argument("--bare", action="store_true", help="leave the shipped programs out")
        parser.add_argument("--label", default="", metavar="TEXT", help="a name, of at most 16 bytes")
    elif verb == "list":
        parser.add_argument("path", nargs="?", default="/", metavar="PATH", help="the root unless said")
        parser.add_argument("-r", "--recursive", action="store_true", help="all that is beneath it, too")
    elif verb == "get":
        parser.add_argument("path", metavar="PATH", help="a file or directory on the disk")
        parser.add_argument("destination", nargs="?", metavar="FILE", help="where to: here unless said; - prints it")
    elif verb == "put":
        parser.add_argument("source", metavar="SOURCE", help="a file or directory of the host's")
        parser.add_argument(
            "path",
            metavar="PATH",
            help="the name on the disk, or a directory to put it into; what is missing above is made",
        )
    elif verb == "remove":
        parser.add_argument("path", metavar="PATH", help="a file, or a directory with all that is in it")


def execute(arguments: argparse.Namespace) -> int:
    return {
        "create": _create,
        "list": _list,
        "get": _get,
        "put": _put,
        "remove": _remove,
        "check": _check,
        "repair": _repair,
    }[arguments.verb](arguments)


def _create(arguments: argparse.Namespace) -> int:
    from toyvm.arguments import parse_size
    from toyvm.cli.outputs import check_outputs
    from toyvm.files.boundary import boundary
    from toyvm.files.replacing import replace_file
    from toyvm.shipped.system_disk import new_disk

    size = parse_size(arguments.size, "--size")
    label = os.fsencode(arguments.label)
    if len(label) > 16:
        raise UsageError(f"--label {arguments.label!r}: has {len(label)} bytes; it takes 16 at most")
    check_outputs({"FILE": arguments.file})
    if Path(arguments.file).exists():
        raise BadFileError(f"{arguments.file}: is there already; remove it, or name another")
    source = None if arguments.source is None else Path(arguments.source)
    with boundary(arguments.file):
        others, why_not = ({}, "") if arguments.bare else _c_programs(size)
        with_programs = not arguments.bare
        data = new_disk(size, label=label, source=source, with_programs=with_programs, others=others, convert=_imported)
        replace_file(arguments.file, data)
    if why_not:
        say(f"the programs in C (an editor, BASIC, ...) are left out: {why_not}")
    return ExitCode.OK


def _c_programs(size: int) -> tuple[dict[str, bytes], str]:
    """The system's programs in C, where they can be compiled and have room; else why they are left out."""
    from toyvm.importer.system_programs import c_programs

    try:
        programs = c_programs()
    except UsageError as error:
        return {}, str(error).partition(";")[0]
    if sum(map(len, programs.values())) > size // _SHARE_OF_C:
        return {}, f"they would take much of {size} bytes"
    return programs, ""


def _imported(path: Path, data: bytes) -> bytes:
    """A RISC-V program as the operating system executes it; anything else as it is. Raises BadFileError."""
    from toyvm.programs import is_riscv_program

    if not is_riscv_program(path):
        return data
    from toyvm.importer import import_bare_program
    from toyvm.shipped.system_disk import executable

    return executable(import_bare_program(data, str(path)).image)


def _list(arguments: argparse.Namespace) -> int:
    from toyvm.filesystem.layout import DIRECTORY

    with opened(arguments.file) as volume:
        with _on(arguments):
            number = volume.find(arguments.path)
        inode = volume.inode(number)
        if inode.type != DIRECTORY:
            _print_line(volume, inode, os.fsencode(arguments.path))
        elif arguments.recursive:
            base = os.fsencode(arguments.path.rstrip("/"))
            for path, _, inode in volume.walk(number, base):
                _print_line(volume, inode, path)
        else:
            for row in sorted(volume.rows(inode), key=lambda row: row.name):
                if row.name not in (b".", b".."):
                    _print_line(volume, volume.inode(row.inode), row.name)
    return ExitCode.OK


def _print_line(volume: Volume, inode: Inode, name: bytes) -> None:
    """One line, as `ls -l` has it, u for unified; a name is shown so that it cannot command the terminal."""
    import stat
    from datetime import UTC, datetime

    from toyvm.filesystem.layout import CHARACTER, LINK, UNIFIED
    from toyvm.printable import printable

    size = f"{inode.device >> 8}, {inode.device & 0xFF}" if inode.type == CHARACTER else str(inode.size)
    when = datetime.fromtimestamp(min(inode.mtime // 10**9, 253402300799), UTC).strftime("%Y-%m-%d %H:%M")
    shown = printable(os.fsdecode(name))
    if inode.type == LINK:
        shown += f" -> {printable(os.fsdecode(volume.contents(inode)))}"
    mode = stat.filemode(inode.mode) + ("u" if inode.flags & UNIFIED else " ")
    sys.stdout.write(f"{mode}{inode.links:>3} {inode.uid:>5} {inode.gid:>5} {size:>9} {when} {shown}\n")


def _get(arguments: argparse.Namespace) -> int:
    from toyvm.filesystem.layout import DIRECTORY
    from toyvm.filesystem.tree import get

    with opened(arguments.file) as volume:
        with _on(arguments):
            number = volume.find(arguments.path)
        if arguments.destination == "-":
            inode = volume.inode(number)
            if inode.type == DIRECTORY:
                raise UsageError(f"{arguments.path}: is a directory; - takes a file")
            sys.stdout.buffer.write(volume.contents(inode))
            return ExitCode.OK
        name = arguments.path.rstrip("/").rpartition("/")[2] or "root"
        destination = Path(name if arguments.destination is None else arguments.destination)
        if destination.is_dir() and arguments.destination is not None:
            destination /= name
        for note in get(volume, number, destination):
            say(note)
    return ExitCode.OK


def _put(arguments: argparse.Namespace) -> int:
    from toyvm.filesystem.layout import DIRECTORY
    from toyvm.filesystem.tree import make_directories, put
    from toyvm.filesystem.volume import NoSuchPathError, split

    source = Path(arguments.source)
    with opened(arguments.file, to_write=True) as volume, _on(arguments):
        names = split(arguments.path)
        try:
            target = volume.find(arguments.path)
        except NoSuchPathError:
            target = 0
        if not names or (target and volume.inode(target).type == DIRECTORY):
            names.append(os.fsencode(source.resolve().name))
        parent = make_directories(volume, b"/".join(names[:-1]))
        put(volume, source, parent, names[-1], _imported)
    return ExitCode.OK


def _remove(arguments: argparse.Namespace) -> int:
    from toyvm.filesystem.tree import remove
    from toyvm.filesystem.volume import split

    with opened(arguments.file, to_write=True) as volume, _on(arguments):
        names = split(arguments.path)
        if not names:
            raise UsageError(f"{arguments.path}: the root cannot be removed")
        remove(volume, volume.find(b"/".join(names[:-1])), names[-1])
    return ExitCode.OK


def _check(arguments: argparse.Namespace) -> int:
    from toyvm.filesystem.check import check

    with opened(arguments.file) as volume:
        if volume.replayed:
            say(f"{arguments.file}: the log has {volume.replayed} blocks that the next start brings home")
        faults = check(volume)
        for fault in faults:
            sys.stdout.write(f"{fault}\n")
        if faults:
            raise BadFileError(f"{arguments.file}: {len(faults)} faults; toyvm disk repair mends them")
        superblock = volume.superblock
        used = superblock.inodes - superblock.free_inodes - 1
        sys.stdout.write(
            f"clean: {used} of {superblock.inodes - 1} inodes, "
            f"{superblock.blocks - superblock.free_blocks} of {superblock.blocks} KiB\n"
        )
    return ExitCode.OK


def _repair(arguments: argparse.Namespace) -> int:
    from toyvm.filesystem.repair import repair

    with opened(arguments.file, to_write=True, to_mend=True) as volume:
        faults = repair(volume)
        for fault in faults:
            sys.stdout.write(f"{fault}\n")
        sys.stdout.write(f"mended: {len(faults)} faults\n" if faults else "clean\n")
    return ExitCode.OK


@contextmanager
def opened(file: str, *, to_write: bool = False, to_mend: bool = False) -> Iterator[Volume]:
    """The volume of a file; what was changed is written back in the end, all of it or nothing. Raises BadFileError."""
    from toyvm.files.boundary import boundary
    from toyvm.filesystem.volume import Volume
    from toyvm.machine.disk_file import DiskFile

    disk = DiskFile(file, to_write)
    try:
        if to_write and not disk.writable:
            raise BadFileError(f"{file}: may not be written")
        # A reader's copy is shared with others who read the file, and bringing the log home changes it.
        data = memoryview(disk.contents) if to_write else memoryview(bytearray(disk.contents))
        with boundary(file):
            volume = Volume(data, to_mend=to_mend)
            yield volume
            if to_write:
                volume.close()
        if to_write:
            disk.save()
    finally:
        disk.close()


@contextmanager
def _on(arguments: argparse.Namespace) -> Iterator[None]:
    """Inside, what is wrong with a path on the disk is said of that path."""
    from toyvm.filesystem.volume import NoSuchPathError
    from toyvm.printable import printable

    try:
        yield
    except NoSuchPathError as error:
        raise BadFileError(f"{arguments.file}: {printable(arguments.path)}: {error.args[0]}") from None
