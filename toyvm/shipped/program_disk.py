"""A disk of the operating system's for one program, which starts in its files, and with which the machine ends."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from toyvm.errors import UsageError
from toyvm.filesystem.layout import BLOCK_SIZE, MAXIMUM_BLOCKS, POINTERS
from toyvm.filesystem.skeleton import add_file
from toyvm.filesystem.tree import make_directories, put_contents
from toyvm.filesystem.volume import Volume, check_name
from toyvm.shipped.system_disk import new_disk, set_first_script

FILES = "/files"  # where the program starts
_PROGRAMS = "/lib"
_ROOM = 16 << 20  # bytes to write into, at least
_PER_FILE = 6 * BLOCK_SIZE  # that many bytes of disk there are for an inode, with those that tell of it
_MAXIMUM_LINE = 8000  # bytes of the line that starts it, which a shell reads


def program_disk(
    program: bytes,
    name: str,
    directory: Path,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    *,
    is_at_terminal: bool = False,
) -> bytearray:
    """A disk with what is in `directory`, and room to write as much again; `program` is an image.

    At a terminal what is typed is edited by lines, and shown; else the program gets each byte as it came. Raises
    UsageError for arguments that are too long, BadFileError for what cannot be copied, FullError for too much.
    """
    data = new_disk(_size_for(directory, len(program)))
    volume = Volume(data)
    path = f"{_PROGRAMS}/{name}"
    check_name(os.fsencode(name))
    add_file(volume, volume.find(_PROGRAMS), name, program, 0o755)
    put_contents(volume, directory, make_directories(volume, FILES))
    set_first_script(volume, _script([path, *arguments], environment or {}, is_at_terminal))
    volume.close()
    return data


def _script(words: Sequence[str], environment: Mapping[str, str], is_at_terminal: bool) -> str:
    """What init has a shell do before it would put one on the console."""
    lines = ["stty echo" if is_at_terminal else "stty raw -echo"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines += [f"cd {FILES}", shlex.join(["setsid", *words]), "shutdown $?"]
    for line in lines:
        if len(os.fsencode(line)) > _MAXIMUM_LINE:
            raise UsageError(
                f"arguments and environment of {len(line)} bytes; a program with --files takes {_MAXIMUM_LINE}"
            )
    return "\n".join(lines) + "\n"


def _size_for(directory: Path, program: int) -> int:
    """Bytes of a disk on which all of a directory finds room, as much again, and some besides."""
    total = program
    for folder, folders, names in os.walk(os.fsencode(directory)):
        total += _PER_FILE * (len(folders) + len(names))
        for name in names:
            size = os.lstat(os.path.join(folder, name)).st_size
            total += size + size // POINTERS
    size = 2 * total + _ROOM
    return min(size + -size % BLOCK_SIZE, MAXIMUM_BLOCKS * BLOCK_SIZE)
