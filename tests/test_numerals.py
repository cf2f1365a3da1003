"""Numerals: one reader of whole numbers, in sources, options, commands and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.arguments import parse_size
from toyvm.asm import assemble_text
from toyvm.cli.options import parse_count, parse_defines, parse_number, parse_seconds
from toyvm.errors import AssemblyError, BadFileError, UsageError
from toyvm.host.host_file import read_host_file
from toyvm.numerals import MAXIMUM_DIGITS, read_number
from toyvm.shipped.headers import parse_header

NUMBERS = {
    "0": 0,
    "42": 42,
    "1_000": 1000,
    "0x2A": 42,
    "0Xff_ff": 65535,
    "0o17": 15,
    "017": 15,
    "00": 0,
    "0b101": 5,
    "1e6": 1_000_000,
    "5E3": 5000,
    "0e9": 0,
    "12e0": 12,
}
NONE = (
    "",
    "x",
    "09",
    "0o8",
    "0b2",
    "0xg",
    "1_",
    "_1",
    "1__0",
    "1e",
    "e6",
    "1e100",
    "1.5",
    "1e-3",
    "0x",
    "\u0664\u0662",
    "\uff14\uff12",
    "1\u0663",
)


def assembled(text: str) -> int:
    data = assemble_text(f".dword {text}").image.segments[0].data
    return int.from_bytes(data, "little")


def in_an_instruction(text: str) -> int:
    word = assemble_text(f"addi a0, zero, ({text}) & 0x3FFF").image.segments[0].data
    quick = assemble_text(f"nop\naddi a0, zero, {text}\n") if 0 <= read_number(text) < 1 << 14 else None
    assert quick is None or quick.image.segments[0].data[4:8] == word
    return read_number(text) if assembled(f"{text} & 0x3FFF") == int.from_bytes(word, "little") >> 17 else -1


READERS = {
    "the reader itself": read_number,
    "data": assembled,
    "expressions": lambda text: assembled(f"0 + {text}"),
    "instructions": in_an_instruction,
    "counts": lambda text: parse_count(text, "--count"),
    "numbers": lambda text: parse_number(text, "--number"),
    "defines": lambda text: parse_defines([f"X={text}"])["X"],
    "sizes": parse_size,
    "headers": lambda text: parse_header(f"# limit: {text}\n", "guest").number("limit"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", NUMBERS)
def test_every_reader_reads_every_form_alike(reader: str, text: str) -> None:
    assert READERS[reader](text) == NUMBERS[text]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", NONE)
def test_every_reader_refuses_what_is_no_number(reader: str, text: str) -> None:
    if reader == "expressions" and text in ("x", "_1", "e6"):
        return  # a symbol's name there
    with pytest.raises((ValueError, AssemblyError, UsageError, BadFileError)):
        READERS[reader](text)


@given(st.integers(-(1 << 70), 1 << 70), st.sampled_from(("d", "#x", "#o", "#b", "_d", "#_x")))
def test_a_number_that_is_written_is_read(value: int, form: str) -> None:
    assert read_number(format(value, form)) == value


@given(st.text(max_size=8))
def test_what_is_read_is_ascii(text: str) -> None:
    try:
        read_number(text)
    except ValueError:
        return
    assert text.isascii()


def test_a_number_of_too_many_digits_is_refused_at_once() -> None:
    assert read_number("0" * (MAXIMUM_DIGITS - 1) + "7") == 7
    with pytest.raises(ValueError, match="is no whole number"):
        read_number("9" * (MAXIMUM_DIGITS + 1))


SIZES = {"64K": 65536, "64k": 65536, "64KiB": 65536, "64KB": 65536, "1_0M": 10 << 20, "512B": 512, "1e3K": 1024000}


@pytest.mark.parametrize("text", SIZES)
def test_sizes_may_have_units(text: str) -> None:
    assert parse_size(text) == SIZES[text]


@pytest.mark.parametrize("text", ["K", "64X", "\u0666\u0664K", "1.5M", "64 KK", "B", "iB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize("text", ["\u0661", "1_0é", "nan", "x"])
def test_seconds_have_ascii_digits_too(text: str) -> None:
    with pytest.raises(UsageError):
        parse_seconds(text, "--timeout")


def test_a_host_file_has_the_same_sizes(tmp_path: Path) -> None:
    path = tmp_path / "host.toml"
    path.write_text('[[guest]]\nname = "a"\nprogram = "hello"\nmemory = "0o4000000"\n')
    assert read_host_file(path).guests[0].memory == 1 << 20
