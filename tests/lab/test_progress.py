"""Progress on a terminal: one line that is overwritten, cut to the width, and gone at the end."""

from __future__ import annotations

import io

import pytest

from toyvm.lab.progress import Progress


class Stream(io.StringIO):
    """What was flushed, and whether that is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal
        self.seen = ""

    def isatty(self) -> bool:
        return self._terminal

    def flush(self) -> None:
        self.seen = self.getvalue()


def test_a_line_is_overwritten_and_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Stream(terminal=True)
    with Progress(stream) as progress:
        progress.show("one\x1b")
        assert stream.seen == "\r\x1b[Kone\\x1b"
        progress.show("x" * 30)
        assert stream.seen.endswith("\r\x1b[K" + "x" * 19)
    assert stream.seen.endswith("x\r\x1b[K")


def test_nothing_is_shown_in_a_pipe() -> None:
    stream = Stream(terminal=False)
    with Progress(stream) as progress:
        progress.show("one")
    assert stream.getvalue() == ""
