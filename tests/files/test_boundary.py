"""Reading files: as much as is allowed, and what is endless is given up at the limit, not at the end of patience."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from toyvm.errors import BadFileError
from toyvm.files import boundary
from toyvm.files.boundary import read_file


@pytest.mark.parametrize("limit", [1, 1000, 1 << 20])
def test_an_endless_device_is_left_at_the_limit(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundary, "PATIENCE_SECONDS", 2)
    with pytest.raises(BadFileError, match=f"/dev/zero: has more than {limit} bytes"):
        read_file("/dev/zero", limit)


@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_what_is_within_the_limit_is_read_whole_from_files_and_pipes(tmp_path: Path, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    (tmp_path / "file").write_bytes(data)
    os.mkfifo(tmp_path / "pipe")
    thread = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    holder = os.open(tmp_path / "pipe", os.O_RDWR)  # so that there is a writer from the start
    thread.start()
    thread.join()
    os.close(holder) if size == 0 else None
    assert read_file(tmp_path / "file", 1000) == data
    if size:
        threading.Timer(0.05, os.close, (holder,)).start()
        assert read_file(tmp_path / "pipe", 1000) == data


def test_one_byte_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1001))
    with pytest.raises(BadFileError, match="has 1001 bytes; the limit is 1000"):
        read_file(tmp_path / "file", 1000)


@pytest.mark.parametrize("then", [0, 1, 999, 1000])
def test_a_file_that_changes_while_it_is_read_is_what_it_holds_then(
    tmp_path: Path, then: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is said before: a file that someone writes to has another one by then."""
    data = bytes(n % 251 for n in range(then))
    before_it_is_read(tmp_path / "file", 500, data, monkeypatch)
    assert read_file(tmp_path / "file", 1000) == data


def test_a_file_that_grows_beyond_the_limit_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_it_is_read(tmp_path / "file", 500, bytes(1001), monkeypatch)
    with pytest.raises(BadFileError, match="has 1001 bytes; the limit is 1000"):
        read_file(tmp_path / "file", 1000)


def before_it_is_read(path: Path, size: int, then: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of so many bytes, which holds something else once its size has been looked at."""
    read = os.read

    def change(descriptor: int, count: int) -> bytes:
        if path.stat().st_size == size:
            path.write_bytes(then)
        return read(descriptor, count)

    path.write_bytes(bytes(size))
    monkeypatch.setattr(boundary.os, "read", change)
