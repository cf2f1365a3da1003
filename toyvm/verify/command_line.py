"""The command line as a property has it tried: in this process, in a folder, with nothing to read."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple

# It stands above what tries it, as a user does, and is known by its name alone.
COMMAND_LINE = "toyvm.cli"


class Done(NamedTuple):
    """What a command ended with, and what it printed: on standard output and standard error together."""

    code: int
    output: str


@contextmanager
def folder_with(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder for a while, with these files, the same each time, in which commands run."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="toyvm-verify-") as name:
        folder = Path(name)
        for file, data in files.items():
            (folder / file).write_bytes(data)
            os.utime(folder / file, (0, 0))  # some commands take that over
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def call(words: Sequence[str]) -> Done:
    """Run a command. Raises what escapes from it, which nothing should."""
    with tempfile.TemporaryFile() as output:
        with _streams_to(output):
            try:
                code = import_module(COMMAND_LINE).main(list(words))
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 0
        output.seek(0)
        return Done(code, output.read().decode(errors="backslashreplace"))


@contextmanager
def _streams_to(output: BinaryIO) -> Iterator[None]:
    """What this process prints, from whatever language, goes there, and there is nothing to read."""
    kept = [os.dup(number) for number in range(3)]
    streams = sys.stdin, sys.stdout, sys.stderr
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        for stream in streams[1:]:
            stream.flush()
        for number, other in enumerate((nothing, output.fileno(), output.fileno())):
            os.dup2(other, number)
        sys.stdin, sys.stdout, sys.stderr = (
            TextIOWrapper(open(number, mode, closefd=False), write_through=True)  # noqa: SIM115 (closes nothing)
            for number, mode in enumerate(("rb", "wb", "wb"))
        )
        yield
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        for number, other in enumerate(kept):
            os.dup2(other, number)
        for other in (*kept, nothing):
            os.close(other)
