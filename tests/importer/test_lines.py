"""Line numbers come from DWARF line programs, of versions 2 to 5, as their standards have them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toyvm.importer.dwarf_lines import DamagedLines, DebugSections, read_lines

LINE_BASE, LINE_RANGE, OPCODE_BASE = -5, 14, 13
LENGTHS = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
COPY, ADVANCE_PC, ADVANCE_LINE, SET_FILE, COLUMN, CONST_ADD, FIXED_ADVANCE = 1, 2, 3, 4, 5, 8, 9
START = 0x10000


def uleb(value: int) -> bytes:
    out = bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def sleb(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        done = value == (-1 if byte & 0x40 else 0)
        out.append(byte | (0 if done else 0x80))
        if done:
            return bytes(out)


def set_address(address: int) -> bytes:
    return b"\0" + uleb(9) + b"\2" + struct.pack("<Q", address)


END = b"\0\1\1"


def unit(version: int, code: bytes, address_size: int = 8, line_range: int = LINE_RANGE) -> DebugSections:
    """A line program over the files main.c and inc/util.h."""
    strings = b"/where/gcc/ran\0inc\0main.c\0util.h\0"
    if version >= 5:
        directories = b"\1" + uleb(1) + uleb(0x1F) + uleb(2) + struct.pack("<II", 0, strings.index(b"inc"))
        columns = b"\2" + uleb(1) + uleb(0x1F) + uleb(2) + uleb(0x0B)
        main, util = strings.index(b"main.c"), strings.index(b"util.h")
        files = columns + uleb(3) + b"".join(struct.pack("<IB", *row) for row in ((main, 0), (main, 0), (util, 1)))
        tables = directories + files
    else:
        tables = b"inc\0\0" + b"main.c\0\0\0\0" + b"util.h\0\1\0\0" + b"\0"
    fixed = b"\4" + (b"\1" if version >= 4 else b"") + b"\1" + struct.pack("<bBB", LINE_BASE, line_range, OPCODE_BASE)
    rest = fixed + LENGTHS + tables
    head = struct.pack("<H", version) + (bytes([address_size, 0]) if version >= 5 else b"")
    body = head + struct.pack("<I", len(rest)) + rest + code
    return DebugSections(struct.pack("<I", len(body)) + body, strings, b"")


@pytest.mark.parametrize("line_range", [1, 2, 3, 9, 11, 14, 22, 81, 121, 242, 243, 255])
def test_a_constant_advance_is_that_of_the_last_opcode(line_range: int) -> None:
    """Whose lines, other than it, it leaves."""
    by_last = read_lines(unit(4, set_address(START) + bytes([COPY, 255]) + END, line_range=line_range))
    by_constant = read_lines(unit(4, set_address(START) + bytes([COPY, CONST_ADD]) + END, line_range=line_range))
    assert by_constant.addresses[-1] == by_last.addresses[-1] == START + (255 - OPCODE_BASE) // line_range * 4


VERSIONS = pytest.mark.parametrize("version", [2, 3, 4, 5])


@VERSIONS
def test_rows_are_found_by_address(version: int) -> None:
    special = bytes([OPCODE_BASE + 1 * LINE_RANGE + (2 - LINE_BASE)])  # one instruction on, two lines on
    code = set_address(START) + bytes([COPY]) + special + bytes([SET_FILE, 2, COLUMN, 7])
    code += bytes([ADVANCE_PC]) + uleb(2) + bytes([ADVANCE_LINE]) + sleb(-1) + bytes([COPY])
    code += bytes([CONST_ADD, COPY, FIXED_ADVANCE]) + struct.pack("<H", 8) + END
    lines = read_lines(unit(version, code))
    assert lines.find(START - 4) is None
    assert lines.find(START) == ("main.c", 1)
    assert lines.find(START + 4) == ("main.c", 3)
    assert lines.find(START + 8) == ("main.c", 3)
    assert lines.find(START + 12) == ("inc/util.h", 2)
    assert lines.find(START + 12 + 4 * 17 + 4) == ("inc/util.h", 2)
    assert lines.find(START + 12 + 4 * 17 + 8) is None


@VERSIONS
def test_code_that_the_linker_dropped_says_nothing(version: int) -> None:
    lines = read_lines(unit(version, set_address(0) + bytes([COPY, ADVANCE_PC, 4]) + END))
    assert lines.addresses == ()


@VERSIONS
def test_the_last_of_several_rows_at_one_address_counts(version: int) -> None:
    code = set_address(START) + bytes([COPY, ADVANCE_LINE]) + sleb(9) + bytes([COPY, ADVANCE_PC, 1]) + END
    assert read_lines(unit(version, code)).find(START) == ("main.c", 10)


def test_files_are_numbered_in_the_order_of_their_names() -> None:
    names = [f"{letter}.c" for letter in "qhzbmxkdwa"]
    fixed = b"\4\1\1" + struct.pack("<bBB", LINE_BASE, LINE_RANGE, OPCODE_BASE)
    rest = fixed + LENGTHS + b"\0" + b"".join(name.encode() + b"\0\0\0\0" for name in names) + b"\0"
    rows = b"".join(bytes([SET_FILE, number, COPY, ADVANCE_PC, 1]) for number in range(1, len(names) + 1))
    body = struct.pack("<HI", 4, len(rest)) + rest + set_address(START) + rows + END
    lines = read_lines(DebugSections(struct.pack("<I", len(body)) + body, b"", b""))
    assert list(lines.files) == sorted(names)
    assert [lines.find(START + 4 * number) for number in range(len(names))] == [(name, 1) for name in names]


def test_another_version_is_refused() -> None:
    with pytest.raises(DamagedLines, match="version 6"):
        read_lines(unit(6, b""))


@given(st.binary(max_size=60), st.integers(2, 5))
def test_any_program_is_read_or_refused(code: bytes, version: int) -> None:
    try:
        lines = read_lines(unit(version, set_address(START) + code))
    except DamagedLines:
        return
    assert list(lines.addresses) == sorted(lines.addresses)


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 255)), min_size=1, max_size=5), st.integers(2, 5))
def test_any_header_is_read_or_refused(damage: list[tuple[int, int]], version: int) -> None:
    good = unit(version, set_address(START) + bytes([COPY, ADVANCE_PC, 4]) + END)
    line = bytearray(good.line)
    for place, value in damage:
        line[place % len(line)] = value
    try:
        read_lines(DebugSections(bytes(line), good.line_strings, b""))
    except DamagedLines:
        return
