"""Progress: one line on a terminal, overwritten as work goes on; nothing in a pipe."""

from __future__ import annotations

import shutil
from typing import Self, TextIO

from toyvm.printable import printable

_ERASE_LINE = "\r\x1b[K"


class Progress:
    """Shows what is being measured; the line is gone at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream if stream.isatty() else None

    def show(self, text: str) -> None:
        if self._stream is not None:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(_ERASE_LINE + printable(text)[:width])
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.write(_ERASE_LINE)
            self._stream.flush()
