"""The cache of compiled code: in memory, and in a directory from run to run.

A file is found by a hash of all that its code depends on besides the words it was made from, and of the first of those:
the compiler, the host's CPU, the emitter, mode and address. It holds the words, and whoever takes it compares all of
them. What is damaged or foreign counts as not there, and is replaced by the next code of that name.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from toyvm.isa.paging import PAGE_SIZE
from toyvm.recompiler.code import CompiledCode, Run
from toyvm.recompiler.snapshot import Snapshot

MEMORY_LIMIT = 16 << 20  # bytes of object files
DIRECTORY_LIMIT = 64 << 20  # bytes
_MAGIC = b"toyvm compiled code 1\n"
_NAMING_WORDS = 8  # from the entry on, that a name depends on
_SUFFIX = ".t64code"


class Cache:
    """Compiled code by what was asked for. One thread at a time may use it; a directory may be shared by processes."""

    def __init__(self, directory: Path | None, identity: str) -> None:
        """`identity`: all that code depends on and that is the same for everything compiled here."""
        self._directory = directory
        self._identity = identity
        self._memory: OrderedDict[str, CompiledCode] = OrderedDict()
        self._bytes = 0

    def find(self, snapshot: Snapshot) -> CompiledCode | None:
        """Code for this request, made from the words that it shows."""
        name = self._name(snapshot)
        code = self._memory.get(name)
        if code is None or not code.is_made_from(snapshot):
            code = self._read(name)
            if code is None or not code.is_made_from(snapshot):
                return None
            self._remember(name, code)
        self._memory.move_to_end(name)
        return code

    def keep(self, snapshot: Snapshot, code: CompiledCode) -> None:
        """From now on this is the code for such requests."""
        name = self._name(snapshot)
        self._remember(name, code)
        if self._directory is not None:
            with suppress(OSError):  # a full or read-only disk costs time later, no more
                self._write(self._directory, name, code)

    def _name(self, snapshot: Snapshot) -> str:
        first = snapshot.gva % PAGE_SIZE // 4
        words = snapshot.pages[snapshot.gva & -PAGE_SIZE].words[first : first + _NAMING_WORDS]
        text = f"{self._identity}\n{snapshot.user} {snapshot.gva:x} {words.tolist()}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _remember(self, name: str, code: CompiledCode) -> None:
        if (old := self._memory.pop(name, None)) is not None:
            self._bytes -= len(old.object_file)
        self._memory[name] = code
        self._bytes += len(code.object_file)
        while self._bytes > MEMORY_LIMIT and len(self._memory) > 1:
            _, oldest = self._memory.popitem(last=False)
            self._bytes -= len(oldest.object_file)

    # Files.

    def _read(self, name: str) -> CompiledCode | None:
        if self._directory is None:
            return None
        try:
            return parse(self._identity, (self._directory / (name + _SUFFIX)).read_bytes())
        except (OSError, ValueError):
            return None

    def _write(self, directory: Path, name: str, code: CompiledCode) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=directory, suffix=".draft")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(serialized(self._identity, code))
            os.replace(draft, directory / (name + _SUFFIX))
        except OSError:
            os.unlink(draft)
            raise

    def tidy(self) -> None:
        """Delete the files that were written longest ago, until the directory is small enough."""
        if self._directory is None:
            return
        with suppress(OSError):
            files = sorted(
                (entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self._directory)
            )
            total = sum(size for _, size, _ in files)
            for _, size, path in files:
                if total <= DIRECTORY_LIMIT:
                    break
                os.unlink(path)
                total -= size


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
