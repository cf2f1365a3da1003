"""A disk of the operating system's for one program, which starts in its files, and with which the machine ends."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toyvm.errors import UsageError
from toyvm.filesystem.layout import BLOCK_SIZE, MAXIMUM_BLOCKS, POINTERS
from toyvm.filesystem.skeleton import add_file
from toyvm.filesystem.tree import make_directories, put_contents
from toyvm.filesystem.volume import Volume, check_name
from toyvm.shipped.system_disk import new_disk, set_first_script

FILES = "/files"  # where the program starts
_PROGRAMS = "/lib"
_SCRIPT = "/etc/program"  # in a context
_ROOM = 16 << 20  # bytes to write into, at least
_PER_FILE = 6 * BLOCK_SIZE  # that many bytes of disk there are for an inode, with those that tell of it
_MAXIMUM_LINE = 8000  # bytes of the line that starts it, which a shell reads


@dataclass(frozen=True)
class FiledProgram:
    """What is run: an image, with the name that it gets, and in which files.

    At a terminal what is typed is edited by lines, and shown; else the program gets each byte as it came.
    """

    image: bytes
    name: str
    directory: Path
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    is_at_terminal: bool = False

    def empty_disk(self) -> bytearray:
        """The system's disk, with room for all, to write as much again, and some besides. Raises FullError."""
        total = len(self.image)
        for folder, folders, names in os.walk(os.fsencode(self.directory)):
            total += _PER_FILE * (len(folders) + len(names))
            for name in names:
                size = os.lstat(os.path.join(folder, name)).st_size
                total += size + size // POINTERS
        size = 2 * total + _ROOM
        return new_disk(min(size + -size % BLOCK_SIZE, MAXIMUM_BLOCKS * BLOCK_SIZE))

    def put(self, disk: bytearray, context: str = "") -> None:
        """Have the system on that disk run it, and end: itself, or in a context that there is, of this name.

        Raises UsageError for arguments that are too long, BadFileError for what cannot be copied, FullError.
        """
        volume = Volume(disk)
        root = root_of(context)
        check_name(os.fsencode(self.name))
        add_file(volume, volume.find(root + _PROGRAMS), self.name, self.image, 0o755)
        put_contents(volume, self.directory, make_directories(volume, root + FILES))
        words = [f"{_PROGRAMS}/{self.name}", *self.arguments]
        if context:
            at, name = (root + _SCRIPT).rsplit("/", 1)
            add_file(volume, volume.find(at), name, os.fsencode(self._script(["exec", *words])), 0o644)
            inside = shlex.join(["setsid", "/bin/ctx", "exec", context, "sh", _SCRIPT])
            set_first_script(volume, f"ctx start {context}\n{inside}\nshutdown $?\n")
        else:
            set_first_script(volume, f"{self._script(['setsid', *words])}shutdown $?\n")
        volume.close()

    def _script(self, words: Sequence[str]) -> str:
        """What a shell does that runs it."""
        lines = ["stty echo" if self.is_at_terminal else "stty raw -echo"]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
        lines += [f"cd {FILES}", shlex.join(words)]
        for line in lines:
            if len(os.fsencode(line)) > _MAXIMUM_LINE:
                raise UsageError(
                    f"arguments and environment of {len(line)} bytes; a program with --files takes {_MAXIMUM_LINE}"
                )
        return "\n".join(lines) + "\n"


def root_of(context: str) -> str:
    """Where a context's root is, without a slash at its end; "" is the host."""
    return f"/ctx/{context}/root" if context else ""
