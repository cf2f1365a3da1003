"""The cache of compiled code: in memory, and in files from run to run.

Files are written once whoever asked has the answer; what they need is imported when there is one to read or write.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from toyvm.errors import BadFileError
from toyvm.recompiler.code import CompiledCode, Place, place_of
from toyvm.recompiler.request import Snapshot

if TYPE_CHECKING:
    from toyvm.recompiler.code_files import CodeFiles

MEMORY_LIMIT = 16 << 20  # bytes of object files


class Cache:
    """Compiled code by what was asked for. One thread at a time may use it; a directory may be shared by processes."""

    def __init__(self, directory: Path | None, identity: str) -> None:
        """`identity`: all that code depends on and that is the same for everything compiled here."""
        self._directory = directory
        self._identity = identity
        self._memory: OrderedDict[Place, CompiledCode] = OrderedDict()
        self._bytes = 0
        self._unwritten: dict[Place, CompiledCode] = {}
        self._has_files = directory is not None and os.path.isdir(directory)  # which no path makes raise
        self._has_written = False

    def find(self, snapshot: Snapshot) -> CompiledCode | None:
        """Code for this request, made from the words that it shows."""
        place = place_of(snapshot)
        code = self._memory.get(place)
        if code is None or not code.is_made_from(snapshot):
            code = self._files().read(place) if self._has_files else None
            if code is None or not code.is_made_from(snapshot):
                return None
            self._remember(place, code)
        self._memory.move_to_end(place)
        return code

    def keep(self, snapshot: Snapshot, code: CompiledCode) -> None:
        """From now on this is the code for such requests."""
        place = place_of(snapshot)
        self._remember(place, code)
        if self._directory is not None:
            self._unwritten[place] = code

    def write(self) -> None:
        """To the files, what they do not have yet."""
        while self._unwritten:
            place, code = self._unwritten.popitem()
            with suppress(BadFileError):  # a full or read-only disk costs time later, no more
                self._files().write(place, code)
                self._has_written = True

    def close(self) -> None:
        self.write()
        if self._has_written:
            self._files().tidy()

    def _remember(self, place: Place, code: CompiledCode) -> None:
        if (old := self._memory.pop(place, None)) is not None:
            self._bytes -= len(old.object_file)
        self._memory[place] = code
        self._bytes += len(code.object_file)
        while self._bytes > MEMORY_LIMIT and len(self._memory) > 1:
            _, oldest = self._memory.popitem(last=False)
            self._bytes -= len(oldest.object_file)

    def _files(self) -> CodeFiles:
        from toyvm.recompiler.code_files import CodeFiles

        assert self._directory is not None
        return CodeFiles(self._directory, self._identity)
