"""The boundary to files: they are read under a bound, and what goes wrong with one becomes BadFileError, here alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EISDIR
from struct import error as struct_error
from time import monotonic

from toyvm.errors import BadFileError, ToyvmError
from toyvm.limits import PATIENCE_SECONDS
from toyvm.printable import printable

StrPath = str | os.PathLike[str]

_PART = 1 << 20  # bytes
# What parsers raise for contents that are not what they should be. ValueError is UnicodeError and NUL in a path, too.
_CONTENTS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, struct_error)


@contextmanager
def boundary(name: StrPath, wrong: str = "") -> Iterator[None]:
    """Inside, what the system or a parser says of the file `name` becomes BadFileError, which names it and the reason.

    `wrong` is said, where it is given, instead of what a parser finds wrong with the contents.
    """
    try:
        yield
        return
    except ToyvmError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
    except RecursionError:
        reason = "is nested too deeply"
    except (MemoryError, OverflowError) as error:
        reason = wrong if wrong and isinstance(error, OverflowError) else "takes more memory than there is"
    except _CONTENTS as error:
        reason = wrong or str(error)
    raise BadFileError(f"{shown(name)}: {reason}") from None


def shown(name: StrPath) -> str:
    """A file's name as it can stand in a line of text."""
    return printable(os.fspath(name))


def read_file(path: StrPath, limit: int) -> bytes:
    """A file's contents. Raises BadFileError, for more than `limit` bytes and for what comes too slowly, too."""
    with boundary(path):
        descriptor = open_file(path)
        try:
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode) and status.st_size:
                _check_size(path, status.st_size, limit)
                return _read_regular(path, descriptor, status.st_size, limit)
            return _read_slowly(path, descriptor, limit)
        finally:
            os.close(descriptor)


def read_text(path: StrPath, limit: int, what: str) -> str:
    """As `read_file`, of UTF-8; `what` the file should be is said of one that is not."""
    data = read_file(path, limit)
    with boundary(path, f"is not text; {what}"):
        return data.decode("utf-8")


def read_regular(path: StrPath, size: int) -> bytes:
    """A regular file's first bytes. Raises BadFileError for anything else: what is read of a pipe is gone."""
    with boundary(path):
        descriptor = open_file(path)
        try:
            _check_regular(path, os.fstat(descriptor).st_mode)
            return os.read(descriptor, size)
        finally:
            os.close(descriptor)


def check_regular(path: StrPath) -> None:
    """Raise BadFileError for a pipe or device, at once, where many may be named that each take their time."""
    with boundary(path):
        _check_regular(path, os.stat(path).st_mode)


def _check_regular(path: StrPath, mode: int) -> None:
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # of a directory its reader says what it is
        raise BadFileError(f"{shown(path)}: is a device or pipe, and has to be a regular file")


def open_file(path: StrPath) -> int:
    """A descriptor to read from that never waits, not even for a pipe's writer. Raises OSError, ValueError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IsADirectoryError(EISDIR, "is a directory")
    return descriptor


def _check_size(path: StrPath, size: int, limit: int) -> None:
    if size > limit:
        raise BadFileError(f"{shown(path)}: has {size} bytes; the limit is {limit}")


def _read_regular(path: StrPath, descriptor: int, size: int, limit: int) -> bytes:
    """What the file holds now: mostly `size` bytes, unless someone writes to it."""
    parts = [os.read(descriptor, size + 1)]
    while parts[-1] and sum(map(len, parts)) != size:
        parts.append(os.read(descriptor, _PART))
        _check_size(path, sum(map(len, parts)), limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _read_slowly(path: StrPath, descriptor: int, limit: int) -> bytes:
    """All that a pipe, device or terminal gives, or a file of the system that does not tell its size."""
    from select import POLLIN, poll

    poller, data, deadline = poll(), bytearray(), monotonic() + PATIENCE_SECONDS
    poller.register(descriptor, POLLIN)
    while len(data) <= limit:
        left = deadline - monotonic()
        if left <= 0:
            raise BadFileError(f"{shown(path)}: has not come to its end within {PATIENCE_SECONDS} seconds")
        if not poller.poll(left * 1000):
            continue
        try:
            part = os.read(descriptor, min(_PART, limit + 1 - len(data)))
        except BlockingIOError:
            continue
        if not part:
            return bytes(data)
        data += part
    raise BadFileError(f"{shown(path)}: has more than {limit} bytes, which is the limit")
