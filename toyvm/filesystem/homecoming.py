"""Homecoming: what has changed in a directory of a volume, made so in the host's directory that it was copied from.

All that is new is written first, into a directory of its own; then what is there is replaced, name by name. So what
goes wrong before that leaves the host's files as they were, and what goes wrong later loses nothing: the new files that
have not found their place stay in that directory, and the error names it. Nothing is ever written through a symbolic
link.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from toyvm.errors import BadFileError
from toyvm.files.boundary import boundary, shown
from toyvm.filesystem.layout import DIRECTORY, LINK, REGULAR, Inode
from toyvm.filesystem.tree import new_file, write_file
from toyvm.filesystem.volume import Volume
from toyvm.printable import printable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNERS = 0o700  # what the owner of a directory needs to go on with it


class Entry(NamedTuple):
    """What a name on a volume leads to, as far as it is brought home."""

    kind: int
    mode: int
    digest: bytes


Entries = dict[bytes, Entry]  # by path, without a slash in front
Facts = dict[bytes, tuple[int, ...]]  # of the host's files, by path: what changes when anybody changes one


def entries_below(volume: Volume, directory: int) -> Entries:
    """All that is in a directory of a volume."""
    return {path: _entry(volume, inode) for path, _, inode in _walk(volume, directory)}


def _walk(volume: Volume, directory: int) -> Iterator[tuple[bytes, int, Inode]]:
    return ((path.removeprefix(b"/"), number, inode) for path, number, inode in volume.walk(directory))


def _entry(volume: Volume, inode: Inode) -> Entry:
    has_contents = inode.type in (REGULAR, LINK)
    return Entry(inode.type, inode.mode & 0o777, blake2b(volume.contents(inode)).digest() if has_contents else b"")


def facts_below(directory: Path) -> Facts:
    """What tells whether the host's files in a directory are those that they were. Raises BadFileError."""
    facts: Facts = {}
    root = os.fsencode(directory)
    with boundary(directory):
        for folder, folders, names in os.walk(root, onerror=_raise):
            for name in (*folders, *names):
                path = os.path.join(folder, name)
                facts[os.path.relpath(path, root)] = _facts(os.lstat(path))
    return facts


def _raise(error: OSError) -> None:
    raise error


def _facts(status: os.stat_result) -> tuple[int, ...]:
    """Of a directory its kind alone: what is in it has its own."""
    if stat.S_ISDIR(status.st_mode):
        return (stat.S_IFDIR,)
    return status.st_mode, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def bring_home(volume: Volume, number: int, before: Entries, directory: Path, facts: Facts) -> list[str]:
    """Make of the host's `directory` what a volume's has become since it was as `before`; what is left out is said.

    `facts` are those of the host's files when they were copied. Raises BadFileError, also where somebody else has
    changed one of those that are to be replaced.
    """
    home = _Homecoming(volume, number, before, directory, facts)
    if home.is_needed:
        with boundary(directory):
            home.run()
    return home.notes


class _Homecoming:
    def __init__(self, volume: Volume, number: int, before: Entries, directory: Path, facts: Facts) -> None:
        found = {path: (number, inode) for path, number, inode in _walk(volume, number)}
        after = {path: _entry(volume, inode) for path, (_, inode) in found.items()}
        others = {path for path, entry in after.items() if entry.kind not in (DIRECTORY, REGULAR, LINK)}
        self.notes = [f"{_shown(path)}: is a device or pipe, and left out" for path in sorted(others - set(before))]
        for path in others:
            del after[path]
        self._volume, self._inodes = volume, found
        self._before, self._after = before, after
        self._directory, self._facts = directory, facts
        self._gone = [path for path in sorted(before, reverse=True) if path not in after and path not in others]
        self._new = [path for path in sorted(after) if after[path] != before.get(path)]
        self._staging = b""
        self._staged_folders: dict[bytes, None] = {}  # those that were made there, in order

    @property
    def is_needed(self) -> bool:
        return bool(self._gone or self._new)

    def run(self) -> None:
        root = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._stage(root)
            try:
                self._check_others(root)
                self._replace(root)
            except (OSError, BadFileError) as error:
                reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
                place = shown(self._directory / os.fsdecode(self._staging))
                raise BadFileError(f"{reason}; the new files that are not in their place are in {place}") from None
            self._clear(root)
        finally:
            os.close(root)

    def _stage(self, root: int) -> None:
        """Write all that is new into a directory of its own, which is gone again where that fails."""
        self._staging = b".toyvm-%d-%s" % (os.getpid(), os.urandom(4).hex().encode())
        os.mkdir(self._staging, _OWNERS, dir_fd=root)
        written: dict[int, bytes] = {}  # hard links stay such
        try:
            for path in self._new:
                number, inode = self._inodes[path]
                with self._staged(root, path) as (folder, name):
                    if inode.type == DIRECTORY:
                        continue
                    if number in written:
                        os.link(written[number], name, src_dir_fd=root, dst_dir_fd=folder, follow_symlinks=False)
                    else:
                        _write(self._volume, inode, folder, name)
                        written[number] = b"%s/%s" % (self._staging, path)
        except BaseException:
            self._clear(root)
            raise

    @contextmanager
    def _staged(self, root: int, path: bytes) -> Iterator[tuple[int, bytes]]:
        """The directory of a path where it is staged, made if need be, and the last name."""
        with _opened(root, self._staging) as staging:
            for parent in _parents(path):
                if parent not in self._staged_folders:
                    with _opened(staging, *_parents_names(parent)) as above:
                        os.mkdir(parent.rpartition(b"/")[2], _OWNERS, dir_fd=above)
                    self._staged_folders[parent] = None
            with _opened(staging, *_parents_names(path)) as folder:
                yield folder, path.rpartition(b"/")[2]

    def _check_others(self, root: int) -> None:
        """Raise BadFileError if somebody has changed here what is to be replaced or removed."""
        for path in (*self._gone, *self._new):
            if _facts_of(root, path) != self._facts.get(path):
                raise BadFileError(f"{_shown(path)} was changed here while the program ran")

    def _replace(self, root: int) -> None:
        in_the_way = [path for path in self._gone if self._is_in_the_way(path)]
        in_the_way += [path for path in reversed(self._new) if self._changes_kind(path)]
        for path in in_the_way:
            self._remove(root, path)
        for path in self._new:
            self._bring(root, path)
        for path in self._gone:
            if path not in in_the_way:
                self._remove(root, path)

    def _changes_kind(self, path: bytes) -> bool:
        before = self._before.get(path)
        return before is not None and (before.kind == DIRECTORY) != (self._after[path].kind == DIRECTORY)

    def _is_in_the_way(self, path: bytes) -> bool:
        """Is it in a directory that has become something else?"""
        return any(parent in self._after and self._changes_kind(parent) for parent in _parents(path))

    def _bring(self, root: int, path: bytes) -> None:
        entry = self._after[path]
        with _opened(root, *_parents_names(path)) as folder:
            name = path.rpartition(b"/")[2]
            if entry.kind != DIRECTORY:
                os.rename(b"%s/%s" % (self._staging, path), name, src_dir_fd=root, dst_dir_fd=folder)
                return
            with suppress(FileExistsError):
                os.mkdir(name, _OWNERS, dir_fd=folder)
            with _opened(folder, name) as made:
                os.fchmod(made, entry.mode | _OWNERS)

    def _remove(self, root: int, path: bytes) -> None:
        with suppress(FileNotFoundError), _opened(root, *_parents_names(path)) as folder:
            name = path.rpartition(b"/")[2]
            if self._before[path].kind != DIRECTORY:
                os.unlink(name, dir_fd=folder)
                return
            try:
                os.rmdir(name, dir_fd=folder)
            except OSError as error:
                if path in self._after or isinstance(error, FileNotFoundError):
                    raise
                self.notes.append(f"{_shown(path)}: stays, for there is more in it here")

    def _clear(self, root: int) -> None:
        """Remove the directory in which files were staged, however deep it is."""
        for folder in (*reversed(self._staged_folders), b""):
            with _opened(root, self._staging, *filter(None, folder.split(b"/"))) as place, os.scandir(place) as entries:
                for entry in list(entries):
                    (os.rmdir if entry.is_dir(follow_symlinks=False) else os.unlink)(entry.name, dir_fd=place)
        os.rmdir(self._staging, dir_fd=root)


def _write(volume: Volume, inode: Inode, folder: int, name: bytes) -> None:
    if inode.type == LINK:
        os.symlink(volume.contents(inode), name, dir_fd=folder)
        return
    with new_file(name, folder) as descriptor:
        write_file(volume, inode, descriptor)
        os.fsync(descriptor)


@contextmanager
def _opened(folder: int, *names: bytes) -> Iterator[int]:
    """A directory beneath another, no name of whose path is a link."""
    place = os.dup(folder)
    try:
        for name in names:
            below = os.open(name, _FOLDER, dir_fd=place)
            os.close(place)
            place = below
        yield place
    finally:
        os.close(place)


def _facts_of(root: int, path: bytes) -> tuple[int, ...] | None:
    try:
        with _opened(root, *_parents_names(path)) as folder:
            return _facts(os.stat(path.rpartition(b"/")[2], dir_fd=folder, follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return None


def _parents_names(path: bytes) -> list[bytes]:
    return path.split(b"/")[:-1]


def _parents(path: bytes) -> Iterator[bytes]:
    names = path.split(b"/")
    return (b"/".join(names[:depth]) for depth in range(1, len(names)))


def _shown(path: bytes) -> str:
    return printable(os.fsdecode(path))
