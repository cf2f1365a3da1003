"""Arguments at their edges, sizes in every way of writing them, and what a failure with a file is told as."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

from toyvm import arguments
from toyvm.errors import BadFileError, UsageError
from toyvm.files.boundary import boundary, read_file, read_regular
from toyvm.isa.paging import PAGE_SIZE

ALL_BITS = (1 << 64) - 1
SIZES = {
    **{"0": 0, "4096": 4096, "0x1000": 4096, "0b11": 3, "052": 42, "4e3": 4000, "1_000": 1000},
    **{"1K": 1 << 10, "64k": 64 << 10, "2M": 2 << 20, "3G": 3 << 30, "1T": 1 << 40, "16 MiB": 16 << 20},
    **{" 5kb ": 5 << 10, "7B": 7, "0x10K": 16 << 10, "8mb": 8 << 20},
}


@pytest.mark.parametrize(("text", "size"), SIZES.items())
def test_a_size_is_what_it_is_written_as(text: str, size: int) -> None:
    assert arguments.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "K", "1.5M", "1KK", "1P", "M1", "1 2", "1M5", "0xG", "1,000", "٣", "1Ki"])
def test_what_is_no_size_is_told_with_its_name_and_value(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--memory .* is no size; write bytes, or 64K, 16M, 1G$"):
        arguments.parse_size(text, "--memory")


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (PAGE_SIZE, None),
        (4 * PAGE_SIZE, None),
        ("16K", None),
        (PAGE_SIZE - 1, f"size of {PAGE_SIZE - 1} bytes is out of range; it takes {PAGE_SIZE}..{4 * PAGE_SIZE} bytes"),
        (4 * PAGE_SIZE + 1, f"it takes {PAGE_SIZE}..{4 * PAGE_SIZE} bytes"),
        (PAGE_SIZE + 1, f"it takes a multiple of {PAGE_SIZE}, {PAGE_SIZE} or {2 * PAGE_SIZE} perhaps"),
        (3 * PAGE_SIZE - 1, f"it takes a multiple of {PAGE_SIZE}, {2 * PAGE_SIZE} or {3 * PAGE_SIZE} perhaps"),
    ],
)
def test_pages_are_whole_and_within_their_limits(size: int | str, message: str | None) -> None:
    if message is None:
        assert arguments.check_pages(size, PAGE_SIZE, 4 * PAGE_SIZE, "size") == arguments.parse_size(size)
    else:
        with pytest.raises(UsageError, match=message):
            arguments.check_pages(size, PAGE_SIZE, 4 * PAGE_SIZE, "size")


@pytest.mark.parametrize(("value", "holds"), [(0, True), (ALL_BITS, True), (-1, False), (ALL_BITS + 1, False)])
def test_an_address_has_64_bits(value: int, holds: bool) -> None:
    if holds:
        assert arguments.check_address(value) == value
    else:
        with pytest.raises(UsageError, match=f"^place of {value:#x}; it takes 0..0xffffffffffffffff$"):
            arguments.check_address(value, "place")


def test_seconds_are_0_or_more_to_infinity_and_no_truth() -> None:
    for value in (0, 0.0, 1, 2.5, float("inf")):
        assert arguments.check_seconds(value, "timeout") == value
    assert arguments.check_seconds(None, "timeout") is None
    for wrong in (-1, -0.1, float("nan"), float("-inf"), True, "1"):
        with pytest.raises(UsageError, match=r"^timeout of "):
            arguments.check_seconds(wrong, "timeout")


@pytest.mark.parametrize("length", [57, 58, 59, 200])
def test_a_value_is_shown_whole_up_to_sixty_characters(length: int) -> None:
    text = "x" * length
    assert arguments.short(text) == (repr(text) if length <= 58 else repr(text)[:60] + "...")


TROUBLE = [
    (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    (OSError("said by itself"), "said by itself"),
    (RecursionError(), "is nested too deeply"),
    (MemoryError(), "takes more memory than there is"),
    (OverflowError(), "takes more memory than there is"),
    (ValueError("five is none"), "five is none"),
    (struct.error("unpack requires 4"), "unpack requires 4"),
    (KeyError("x"), "'x'"),
    (IndexError("no 7"), "no 7"),
    (TypeError("of a type"), "of a type"),
    (AttributeError("no name"), "no name"),
    (ZeroDivisionError("by 0"), "by 0"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "'utf-8' codec can't decode byte 0xff in position 0: bad"),
]
OF_THE_SYSTEM = (OSError, RecursionError, MemoryError)  # which is said whatever the contents should have been


@pytest.mark.parametrize(("error", "said"), TROUBLE, ids=[type(error).__name__ for error, _ in TROUBLE])
def test_trouble_with_a_file_is_one_error_that_names_it_and_what_is_wrong(error: Exception, said: str) -> None:
    with pytest.raises(BadFileError) as caught, boundary("a\nb"):
        raise error
    assert (str(caught.value), caught.value.exit_code) == (f"a\\nb: {said}", 101)
    with pytest.raises(BadFileError) as caught, boundary("f", "is no picture"):
        raise error
    assert str(caught.value) == f"f: {said if isinstance(error, OF_THE_SYSTEM) else 'is no picture'}"


@pytest.mark.parametrize(
    "error", [UsageError("mine"), BadFileError("g: mine"), KeyboardInterrupt(), AssertionError("x")]
)
def test_what_is_no_trouble_with_the_file_is_what_it_was(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, boundary("f", "is no picture"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001])
def test_a_file_is_read_whole_up_to_its_limit_and_nothing_is_left_open(tmp_path: Path, size: int) -> None:
    path, before = tmp_path / "file", len(os.listdir("/proc/self/fd"))
    path.write_bytes(os.urandom(size))
    if size <= 1000:
        assert read_file(path, 1000) == path.read_bytes()
    else:
        with pytest.raises(BadFileError, match=r"file: has 1001 bytes; the limit is 1000$"):
            read_file(path, 1000)
    assert read_regular(path, 7) == path.read_bytes()[:7]
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (("pipe", "is a device or pipe, and has to be a regular file"), (".", "is a directory")):
        with pytest.raises(BadFileError, match=reason):
            read_regular(tmp_path / name, 7)
    with pytest.raises(BadFileError, match="is a directory"):
        read_file(tmp_path, 1000)
    assert len(os.listdir("/proc/self/fd")) == before
