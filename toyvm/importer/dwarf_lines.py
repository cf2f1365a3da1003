"""DWARF line programs, versions 2 to 5: which source line made the code at an address.

After DWARF Debugging Information Format, version 5, section 6.2, and the same section of version 4.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from toyvm.image import LineTable
from toyvm.isa.control import ALL_BITS
from toyvm.limits import (
    MAXIMUM_DEBUG_BYTES,
    MAXIMUM_DEBUG_NAMES,
    MAXIMUM_LINES,
    MAXIMUM_NAME_BYTES,
    MAXIMUM_NAMES_BYTES,
)

_ADDRESS_BYTES = 8
_ADDRESSES, _LINES = ALL_BITS, (1 << 32) - 1  # what rows can hold; more is damage, and wraps


class DamagedLines(ValueError):
    """The line programs contradict themselves; the message says how."""


SECTION_NAMES = (".debug_line", ".debug_line_str", ".debug_str")


class DebugSections(NamedTuple):
    """The contents of the sections that lines are read from."""

    line: bytes
    line_strings: bytes
    strings: bytes


class _Row(NamedTuple):
    address: int
    file: str
    line: int  # 0: nothing is known from here on


def read_lines(sections: DebugSections) -> LineTable:
    """The rows of all line programs. Raises DamagedLines."""
    if len(sections.line) > MAXIMUM_DEBUG_BYTES:
        raise DamagedLines(f"they have {len(sections.line)} bytes; the limit is {MAXIMUM_DEBUG_BYTES}")
    rows: list[_Row] = []
    cursor, room = _Cursor(sections.line), _Room()
    while cursor.at < len(cursor.data):
        rows += _Unit(cursor, sections, room).rows()
    return _table(rows)


class _Room:
    """What is left for rows and names: a few bytes may say any number of them."""

    def __init__(self) -> None:
        self._rows, self._names, self._bytes = MAXIMUM_LINES, MAXIMUM_DEBUG_NAMES, MAXIMUM_NAMES_BYTES

    def take_row(self) -> None:
        self._rows -= 1
        if self._rows < 0:
            raise DamagedLines(f"there are more than {MAXIMUM_LINES} rows")

    def take_entries(self, count: int) -> None:
        self._names -= count
        if self._names < 0:
            raise DamagedLines(f"they list more than {MAXIMUM_DEBUG_NAMES} directories and files")

    def take_name(self, name: str) -> str:
        self.take_entries(1)
        self._bytes -= len(name) + 1
        if self._bytes < 0:
            raise DamagedLines(f"the names have more than {MAXIMUM_NAMES_BYTES} bytes")
        return name


def _table(rows: list[_Row]) -> LineTable:
    """By address; where several rows meet, one with a line before one without, and the last before the others."""
    best: dict[int, _Row] = {}
    for row in rows:
        if row.line or row.address not in best:
            best[row.address] = row
    ordered = [best[address] for address in sorted(best)]
    kept = [next(group) for _, group in groupby(ordered, key=lambda row: (row.file if row.line else "", row.line))]
    files = sorted({row.file for row in kept if row.line})
    numbers = {file: number for number, file in enumerate(files)}
    return (
        LineTable(
            tuple(files),
            tuple(row.address for row in kept),
            tuple(numbers.get(row.file, 0) for row in kept),
            tuple(row.line for row in kept),
        )
        if files
        else LineTable()
    )


class _Cursor:
    """Reads numbers and strings one behind another."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise DamagedLines(f"{size} bytes at offset {self.at:#x} of {len(self.data):#x}")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def byte(self) -> int:
        """As number(1), which is asked for most."""
        at = self.at
        if at >= len(self.data):
            self.take(1)  # raises
        self.at = at + 1
        return self.data[at]

    def signed_byte(self) -> int:
        return int.from_bytes(self.take(1), "little", signed=True)

    def uleb(self) -> int:
        value, shift = self._leb()
        return value & ((1 << shift) - 1)

    def sleb(self) -> int:
        value, shift = self._leb()
        return value - (1 << shift) if value >> (shift - 1) else value

    def _leb(self) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value, shift
            if shift > 70:
                raise DamagedLines(f"a number of more than 10 bytes ends at offset {self.at:#x}")

    def text(self) -> str:
        end = self.data.find(b"\0", self.at, self.at + MAXIMUM_NAME_BYTES + 1)
        if end < 0:
            raise DamagedLines(f"the text at offset {self.at:#x} has no end within {MAXIMUM_NAME_BYTES} bytes")
        text, self.at = self.data[self.at : end], end + 1
        return text.decode(errors="replace")


# Content types and forms of the directory and file tables of version 5.
_PATH, _DIRECTORY = 1, 2
_FORM_STRING, _FORM_STRP, _FORM_LINE_STRP, _FORM_UDATA, _FORM_BLOCK = 0x08, 0x0E, 0x1F, 0x0F, 0x09
_FIXED_FORMS = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, 0x1E: 16}  # data1, 2, 4, 8, 16

# Standard opcodes that matter here, then extended ones.
_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE, _CONST_ADD_PC, _FIXED_ADVANCE_PC = 1, 2, 3, 4, 8, 9
_END_SEQUENCE, _SET_ADDRESS, _DEFINE_FILE = 1, 2, 3


class _Unit:
    """One line program: its header, and the machine that runs it."""

    def __init__(self, section: _Cursor, sections: DebugSections, room: _Room) -> None:
        self._sections = sections
        self._room = room
        length = section.number(4)
        self._offset_size = 8 if length == 0xFFFFFFFF else 4
        if self._offset_size == 8:
            length = section.number(8)
        self._code = _Cursor(section.take(length))
        self._version = self._code.number(2)
        if not 2 <= self._version <= 5:
            raise DamagedLines(f"they are of DWARF version {self._version}; versions 2 to 5 can be read")
        self._header()

    def _header(self) -> None:
        code = self._code
        if self._version >= 5:
            code.take(2)  # sizes of an address and of a segment selector
        length = code.number(self._offset_size)
        start = code.at + length
        self._minimum_length = code.number(1)
        if self._version >= 4 and code.number(1) != 1:
            raise DamagedLines("they are for a machine with several operations an instruction")
        code.take(1)  # whether a row is a statement at first
        self._line_base = code.signed_byte()
        self._line_range = code.number(1)
        self._opcode_base = code.number(1)
        if not self._line_range or not self._opcode_base:
            raise DamagedLines("a line range or opcode base of 0")
        self._lengths = code.take(self._opcode_base - 1)
        self._files = self._tables_5() if self._version >= 5 else self._tables()
        code.at = start

    # The file names.

    def _tables(self) -> list[str]:
        """Versions 2 to 4: directories, then files numbered from 1."""
        directories, files = [""], [""]
        while name := self._code.text():
            directories.append(self._room.take_name(name))
        while name := self._code.text():
            files.append(self._room.take_name(_join(directories, self._code.uleb(), name)))
            self._code.uleb(), self._code.uleb()  # time and size
        return files

    def _tables_5(self) -> list[str]:
        """Version 5: both numbered from 0, with a description of their columns; directory 0 is where gcc ran."""
        directories = [str(row.get(_PATH, "")) for row in self._entries()]
        directories[:1] = [""]
        named = ((int(row.get(_DIRECTORY, 0)), str(row.get(_PATH, ""))) for row in self._entries())
        return [self._room.take_name(_join(directories, number, name)) for number, name in named]

    def _entries(self) -> list[dict[int, int | str]]:
        code = self._code
        columns = [(code.uleb(), code.uleb()) for _ in range(code.number(1))]
        count = code.uleb()
        self._room.take_entries(count)
        return [{content: self._form(form) for content, form in columns} for _ in range(count)]

    def _form(self, form: int) -> int | str:
        code = self._code
        if form == _FORM_STRING:
            return self._room.take_name(code.text())
        if form in (_FORM_LINE_STRP, _FORM_STRP):
            strings = self._sections.line_strings if form == _FORM_LINE_STRP else self._sections.strings
            return self._room.take_name(_Cursor(strings, code.number(self._offset_size)).text())
        if form == _FORM_UDATA:
            return code.uleb()
        if form == _FORM_BLOCK:
            code.take(code.uleb())
            return 0
        if form not in _FIXED_FORMS:
            raise DamagedLines(f"a file name's form is {form:#x}")
        return code.number(_FIXED_FORMS[form])

    # The rows.

    def rows(self) -> list[_Row]:
        """Run the program; of a sequence without an end, or at address 0 (code that the linker dropped), nothing."""
        rows: list[_Row] = []
        code = self._code
        while code.at < len(code.data):
            sequence = self._sequence()
            if sequence and sequence[0].address:
                rows += sequence
        return rows

    def _sequence(self) -> list[_Row]:
        code, rows = self._code, list[_Row]()
        self._address, self._file, self._line = 0, 1, 1
        while code.at < len(code.data):
            opcode = code.byte()
            if opcode >= self._opcode_base:
                advance, step = divmod(opcode - self._opcode_base, self._line_range)
                self._address += advance * self._minimum_length
                self._line += self._line_base + step
                rows.append(self._row())
            elif opcode == _COPY:
                rows.append(self._row())
            elif opcode:
                self._standard(opcode)
            elif self._extended() == _END_SEQUENCE:
                self._room.take_row()
                return [*rows, _Row(self._address & _ADDRESSES, "", 0)]
        return []

    def _row(self) -> _Row:
        if self._file >= len(self._files):
            raise DamagedLines(f"file {self._file} is named; there are {len(self._files)}")
        self._room.take_row()
        return _Row(self._address & _ADDRESSES, self._files[self._file], max(self._line, 0) & _LINES)

    def _standard(self, opcode: int) -> None:
        code = self._code
        if opcode == _ADVANCE_PC:
            self._address += code.uleb() * self._minimum_length
        elif opcode == _ADVANCE_LINE:
            self._line += code.sleb()
        elif opcode == _SET_FILE:
            self._file = code.uleb()
        elif opcode == _CONST_ADD_PC:  # as the last special opcode would
            self._address += (255 - self._opcode_base) // self._line_range * self._minimum_length
        elif opcode == _FIXED_ADVANCE_PC:
            self._address += code.number(2)
        else:  # about columns, statements and the like, or unknown
            for _ in range(self._lengths[opcode - 1]):
                code.uleb()

    def _extended(self) -> int:
        """Run an extended opcode; which one it was."""
        content = _Cursor(self._code.take(self._code.uleb()))
        kind = content.number(1)
        if kind == _SET_ADDRESS:
            size = len(content.data) - 1
            if size > _ADDRESS_BYTES:
                raise DamagedLines(f"an address of {size} bytes; it may have {_ADDRESS_BYTES}")
            self._address = content.number(size)
        elif kind == _DEFINE_FILE:
            self._files.append(self._room.take_name(content.text()))
        return kind


def _join(directories: list[str], number: int, name: str) -> str:
    if number >= len(directories):
        raise DamagedLines(f"directory {number} is named; there are {len(directories)}")
    directory = directories[number]
    return name if not directory or name.startswith("/") else f"{directory}/{name}"
