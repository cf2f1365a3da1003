"""Compiled code in a directory, from run to run.

A file is found by a hash of all that its code depends on besides the words it was made from, and of the first of those:
the compiler, the host's CPU, the emitter, mode and address. It holds the words, and whoever takes it compares all of
them. What is damaged or foreign counts as not there, and is replaced by the next code of that name. So does what others
could have put there: code is run as it stands.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from toyvm.errors import BadFileError
from toyvm.files.boundary import boundary, open_file, shown
from toyvm.files.replacing import Draft, write_all
from toyvm.limits import MAXIMUM_CODE_BYTES
from toyvm.recompiler.code import CompiledCode, Place, Run

_MAGIC = b"toyvm compiled code 1\n"
_SUFFIX = ".t64code"
_NAME = re.compile(rf"[0-9a-f]{{64}}{re.escape(_SUFFIX)}")


class CodeFiles:
    """Files of one directory, which processes may share."""

    def __init__(self, directory: Path, identity: str) -> None:
        """`identity`: all that code depends on and that is the same for everything compiled here."""
        self._directory = directory
        self._identity = identity

    def read(self, place: Place) -> CompiledCode | None:
        path = self._path(place)
        try:
            data = _read_own(path)
            with boundary(path):
                return parse(self._identity, data)
        except BadFileError:
            return None

    def write(self, place: Place, code: CompiledCode) -> None:
        """Raises BadFileError."""
        with boundary(self._directory):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(place)
        with boundary(path), Draft(str(path), None) as draft:  # in place of a link, not of what that leads to
            write_all(draft.descriptor, serialized(self._identity, code))
            draft.publish()

    def _path(self, place: Place) -> Path:
        text = f"{self._identity}\n{place.user} {place.gva:x} {list(place.words)}"
        return self._directory / (hashlib.sha256(text.encode()).hexdigest() + _SUFFIX)

    def tidy(self) -> None:
        """Delete those of our own files that were written longest ago, until they are few enough; no others count."""
        with suppress(OSError):
            found = [entry for entry in os.scandir(self._directory) if _is_ours(entry)]
            files = sorted((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in found)
            total = sum(size for _, size, _ in files)
            for _, size, path in files:
                if total <= MAXIMUM_CODE_BYTES:
                    break
                os.unlink(path)
                total -= size


def _read_own(path: Path) -> bytes:
    """The contents of a regular file of this user's that not everybody may write. Raises BadFileError."""
    with boundary(path):
        descriptor = open_file(path)
        try:
            status = os.fstat(descriptor)
            is_trusted = status.st_uid == os.geteuid() and not status.st_mode & stat.S_IWOTH
            if not stat.S_ISREG(status.st_mode) or not is_trusted:
                raise BadFileError(f"{shown(path)}: is no file of this user's alone")
            return os.read(descriptor, MAXIMUM_CODE_BYTES)
        finally:
            os.close(descriptor)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    return _NAME.fullmatch(entry.name) is not None and entry.is_file(follow_symlinks=False)


def serialized(identity: str, code: CompiledCode) -> bytes:
    """A file's contents: magic, checksum of the rest, length of the header, header, object file."""
    header = {
        "identity": identity,
        "user": code.user,
        "runs": [[run.start, *run.words] for run in code.runs],
        "entries": code.entries,
        "groups": code.groups,
        "sites": code.sites,
    }
    text = json.dumps(header).encode()
    body = len(text).to_bytes(8, "little") + text + code.object_file
    return _MAGIC + hashlib.sha256(body).digest() + body


def parse(identity: str, data: bytes) -> CompiledCode:
    """Code from a file's contents. Raises ValueError unless it is whole, and of this identity."""
    checksum = len(_MAGIC) + 32
    body = data[checksum:]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != data[len(_MAGIC) : checksum]:
        raise ValueError("no compiled code, or damaged")
    size = 8 + int.from_bytes(body[:8], "little")
    header = json.loads(body[8:size])
    if header["identity"] != identity:
        raise ValueError("compiled for something else")
    runs = tuple(Run(start, tuple(words)) for start, *words in header["runs"])
    entries = tuple((gva, need) for gva, need in header["entries"])
    return CompiledCode(header["user"], runs, entries, tuple(header["groups"]), header["sites"], body[size:])
